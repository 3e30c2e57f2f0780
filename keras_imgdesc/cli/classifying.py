"""The commands of classifiers: `classify` and `evaluate classifier`."""

from typing import Any

import click

from keras_imgdesc.cli.class_images import class_images_options, read_class_images
from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.listing import list_each
from keras_imgdesc.cli.options import (
    batch_size_option,
    check_presets,
    list_failed,
    load_classifier,
    show_result,
)
from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.cli.progress import progress
from keras_imgdesc.cli.running import Run, running_options
from keras_imgdesc.errors import ImageError, InputError


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--preset",
    default="imagenet_efficientnet_lite2",
    show_default=True,
    help="Name or folder of a classifier.",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Number of classes per image.",
)
@running_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@damaged_images_option
def classify(paths, preset, top, batch_size, as_json, run: Run) -> int:
    """Name what images show: files, folders or globs."""
    from keras_imgdesc.presets.folders import find_preset

    found, wrong = list_each(paths)
    find_preset(preset)
    classifier = run.load("ImageClassifier", preset)
    failed: list[InputError] = list(wrong.values())
    if as_json:
        for name, error in wrong.items():
            say_json({"path": name, "error": str(error)})
    stream = classifier.classify_stream(
        found, top=top, batch_size=min(batch_size, len(found))
    )
    with progress(stream, len(found), is_quiet=as_json) as results:
        for path, predictions in results:
            if isinstance(predictions, ImageError):
                failed.append(predictions)
                if as_json:
                    say_json({"path": str(path), "error": str(predictions)})
            elif as_json:
                classes = [
                    {"label": label, "probability": round(probability, 4)}
                    for label, probability in predictions
                ]
                row: dict[str, Any] = {"path": str(path), "classes": classes}
                if predictions.damaged:
                    row["damaged"] = True
                say_json(row)
            else:
                # Names have commas: a class is a list of synonyms.
                say(f"{path}: {'; '.join(map(str, predictions))}")
    if not as_json:
        list_failed(failed, "images", len(found) + len(wrong))
    return 1 if failed else 0


@click.command("classifier")
@click.option("--preset", required=True, help="Name or folder of a classifier.")
@class_images_options
@click.option(
    "--teacher",
    help="Preset of a classifier with the same classes, whose answers count as right.",
)
@batch_size_option
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Use only N images, spread evenly over the data.",
)
@damaged_images_option
def evaluate_classifier(preset, images, image_list, teacher, batch_size, limit) -> int:
    """Score class probabilities against labels, or against a teacher's answers."""
    check_presets(preset, teacher)
    collection = read_class_images(images, image_list, bool(teacher))
    classifier = load_classifier(preset)
    from keras_imgdesc.evaluation.classification.evaluate_classifier import (
        evaluate_classifier as run,
    )

    result = run(
        classifier,
        collection,
        teacher=load_classifier(teacher) if teacher else None,
        limit=limit,
        batch_size=batch_size,
    )
    names = {"preset": preset} | ({"teacher": teacher} if teacher else {})
    return show_result(names, result)
