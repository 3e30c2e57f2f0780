"""The command `keras-imgdesc`: a verb for each thing to do, and no logic."""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from keras_imgdesc.errors import ImageError, InputError

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(path_type=Path)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0; 1 when some pictures failed; 2 for a wrong option, preset or path;
    130 when interrupted.
    """
    # TensorFlow reads these once, when it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        code = cli.main(arguments, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        sys.exit(2)
    except InputError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    sys.exit(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keras-imgdesc")
def cli() -> None:
    """Describe pictures in words, and train what describes them."""


def _start_quietly() -> None:
    """Start TensorFlow without what it writes before it reads its own log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
        keras.ops.convert_to_tensor(0)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _load_captioner(preset: str) -> Any:
    from keras_imgdesc.preset_folders import find_preset

    folder = find_preset(preset)  # a wrong name is told before TensorFlow starts
    _start_quietly()
    from keras_imgdesc.captioning import ImageCaptioner

    return ImageCaptioner.from_preset(folder)


def generation_options(command: Callable) -> Callable:
    """Options of every verb that generates captions."""

    @click.option("--num-beams", type=click.IntRange(1), help="Beams of the search.")
    @click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def search_options(command: Callable) -> Callable:
    """Options of every verb that fixes the search in a file."""

    @click.option("--num-beams", type=click.IntRange(1), help="Beams of the search.")
    @click.option("--length-penalty", type=click.FloatRange(0))
    @click.option("--max-length", type=click.IntRange(1), help="Tokens of a caption.")
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def annotation_options(command: Callable) -> Callable:
    """Options of every verb that reads captioned pictures."""

    @click.option("--annotations", type=FILE, help="File of captions.")
    @click.option("--images", type=DIRECTORY, help="Folder of its pictures.")
    @click.option("--image-list", type=FILE, help="File naming the pictures to use.")
    @click.option("--split", help="Split of a Karpathy JSON, or of --scenes.")
    @click.option("--scenes", is_flag=True, help="Use the drawn data set Scenes.")
    @click.option("--data-dir", type=DIRECTORY, help="Where Scenes are kept.")
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--preset", default="scenes_lstm", show_default=True)
@generation_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.option(
    "--attention-dir", type=DIRECTORY, help="Draw where the model looked, here."
)
def describe(paths, preset, num_beams, batch_size, as_json, attention_dir) -> int:
    """Describe pictures: files, folders or globs, one line each."""
    from keras_imgdesc.images import list_images

    found = list_images(list(paths))
    captioner = _load_captioner(preset)
    failed: list[ImageError] = []
    stream = captioner.generate_stream(
        found,
        num_beams=num_beams,
        batch_size=min(batch_size, len(found)),
        return_attention=attention_dir is not None,
    )
    for path, caption in stream:
        if isinstance(caption, ImageError):
            failed.append(caption)
            if as_json:
                click.echo(json.dumps({"path": str(path), "error": str(caption)}))
            continue
        if as_json:
            row = {"path": str(path), "caption": caption.text}
            click.echo(json.dumps(row | {"log_prob": round(caption.log_prob, 4)}))
        else:
            click.echo(f"{path}: {caption.text}")
        if attention_dir is not None:
            from keras_imgdesc.attention_maps import save_attention

            save_attention(path, caption, attention_dir)
    if failed and not as_json:
        click.echo(f"{len(failed)} of {len(found)} pictures failed:", err=True)
        for error in failed:
            click.echo(f"  {error}", err=True)
    return 1 if failed else 0


@cli.group()
def train() -> None:
    """Train a captioner or an encoder."""


@train.command("captioner")
@click.option("--recipe", type=FILE, required=True, help="JSON of a CaptionRecipe.")
@click.option("--run-dir", type=DIRECTORY, required=True, help="Where the run lives.")
@annotation_options
@click.option("--validation-annotations", type=FILE, help="Else --annotations.")
@click.option("--validation-image-list", type=FILE)
@click.option("--validation-split")
@click.option(
    "--set", "changes", multiple=True, metavar="FIELD=JSON", help="Change the recipe."
)
def train_captioner(
    recipe,
    run_dir,
    validation_annotations,
    validation_image_list,
    validation_split,
    changes,
    **source,
) -> None:
    """Train a captioner; the same command again goes on where it stopped."""
    from keras_imgdesc.training.caption_recipe import CaptionRecipe

    _start_quietly()
    values = json.loads(CaptionRecipe.from_json(recipe).to_json())
    chosen = CaptionRecipe.from_dict(values | _changes(changes), "--set")
    training = _read_captions(**source, default_split="train")
    held = source | {
        "annotations": validation_annotations or source["annotations"],
        "image_list": validation_image_list,
        "split": validation_split,
    }
    validation = _read_captions(**held, default_split="validation")

    from keras_imgdesc.training.caption_training import train_captioner as run

    run(chosen, run_dir, training, validation)
    click.echo(f"The captioner is in {run_dir / 'preset'}")


@train.command("encoder")
@click.option("--recipe", type=FILE, required=True, help="A DistillationRecipe.")
@click.option("--run-dir", type=DIRECTORY, required=True, help="Where the run lives.")
@click.option("--images", type=DIRECTORY, multiple=True, required=True)
@click.option(
    "--teacher-weights", required=True, help="Of MobileNet: a file, or imagenet."
)
@click.option("--validation-images", type=DIRECTORY, help="Never trained on.")
def train_encoder(recipe, run_dir, images, teacher_weights, validation_images) -> None:
    """Distil a VGG16 from MobileNet on photographs without labels."""
    _start_quietly()
    from keras_imgdesc.images import list_images
    from keras_imgdesc.training.distillation import distill_encoder
    from keras_imgdesc.training.distillation_recipe import DistillationRecipe

    chosen = DistillationRecipe.from_json(recipe)
    held = list_images([validation_images]) if validation_images else ()
    distill_encoder(chosen, images, teacher_weights, run_dir, held)
    click.echo(f"The weights are in {run_dir / 'vgg16.weights.h5'}")


@cli.group()
def evaluate() -> None:
    """Measure a captioner."""


@evaluate.command("captioner")
@click.option("--preset", required=True)
@annotation_options
@generation_options
@click.option("--limit", type=click.IntRange(1), help="Only the first so many.")
@click.option("--report", type=DIRECTORY, help="Write a page with pictures here.")
def evaluate_captioner(preset, num_beams, batch_size, limit, report, **source) -> None:
    """Score free-running captions against references."""
    from keras_imgdesc.evaluation.evaluate_captions import evaluate_captions

    collection = _read_captions(**source, default_split="test")
    captioner = _load_captioner(preset)
    result = evaluate_captions(
        captioner,
        collection,
        num_beams=num_beams,
        batch_size=batch_size,
        limit=limit,
    )
    click.echo(json.dumps({"preset": preset} | result.summary(), indent=2))
    if report:
        from keras_imgdesc.evaluation.caption_report import write_caption_report

        click.echo(f"Report: {write_caption_report(result, report)}")


@cli.group()
def export() -> None:
    """Write a model for other runtimes."""


@export.command("saved-model")
@click.option("--preset", required=True)
@click.option(
    "--output", "-o", type=DIRECTORY, required=True, help="Gets a folder a version."
)
@click.option("--version", type=click.IntRange(1), help="Else the next one.")
@search_options
@click.option("--warm-up/--no-warm-up", default=True, show_default=True)
def export_saved_model(preset, output, **options) -> None:
    """Write a SavedModel for TensorFlow Serving: image bytes in, captions out."""
    captioner = _load_captioner(preset)
    from keras_imgdesc.export.saved_model import export_saved_model as write

    click.echo(f"The model is in {write(captioner, output, **options)}")


@export.command("tflite")
@click.option("--preset", required=True)
@click.option("--output", "-o", type=FILE, required=True, help="A new file.")
@click.option("--quantize", type=click.Choice(["float16", "dynamic"]))
@search_options
def export_tflite(preset, output, **options) -> None:
    """Write a .tflite file for phones and browsers: pixels in, token ids out."""
    captioner = _load_captioner(preset)
    from keras_imgdesc.export.tflite import export_tflite as write

    written = write(captioner, output, name=Path(preset).name, **options)
    click.echo(f"The model is in {written}, {written.stat().st_size / 1e6:.1f} MB")


@cli.command()
def presets() -> None:
    """List the presets at hand."""
    from keras_imgdesc.preset_folders import list_presets

    for name, summary in list_presets().items():
        click.echo(f"{name}: {summary}" if summary else name)


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--preset", required=True, help="Whose encoder is used.")
@click.option("--output", "-o", type=DIRECTORY, required=True)
@click.option("--batch-size", type=click.IntRange(1), default=50, show_default=True)
def extract(paths, preset, output, batch_size) -> int:
    """Compute feature maps of pictures once, into a cache."""
    from keras_imgdesc.data.feature_cache import extract_features
    from keras_imgdesc.images import list_images

    found = list_images(list(paths))
    encoder = _load_captioner(preset).encoder
    names = [str(path) for path in found]
    cache = extract_features(encoder, found, names, output, batch_size=batch_size)
    click.echo(f"{len(cache)} feature maps of {cache.feature_map_shape} in {output}")
    for name, message in cache.failed.items():
        click.echo(f"{name}: {message}", err=True)
    return 1 if cache.failed else 0


def _changes(changes: tuple[str, ...]) -> dict[str, Any]:
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _read_captions(
    annotations, images, image_list, split, scenes, data_dir, default_split
) -> Any:
    if scenes:
        _start_quietly()
        from keras_imgdesc.data.scenes import load_scenes

        return load_scenes(split or default_split, data_dir=data_dir)
    if annotations is None or images is None:
        raise click.UsageError("Give --annotations and --images, or --scenes.")
    from keras_imgdesc.data.readers import read_captions

    collection = read_captions(annotations, images, image_list=image_list, split=split)
    click.echo(collection.report(), err=True)
    return collection


if __name__ == "__main__":
    main()
