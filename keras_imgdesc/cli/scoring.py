"""The command that compares images with texts: `score`."""

from typing import Any

import click

from keras_imgdesc.cli.damaged_images import damaged_images_option, is_damaged
from keras_imgdesc.cli.listing import list_each
from keras_imgdesc.cli.options import list_failed
from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.cli.running import Run, running_options
from keras_imgdesc.cli.unknown_words import name_unknown_words
from keras_imgdesc.errors import ImageError, InputError


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--text",
    "-t",
    "texts",
    multiple=True,
    required=True,
    help="Text to compare with every image. May be repeated.",
)
@click.option(
    "--preset",
    default="flickr8k_matcher",
    show_default=True,
    help="Name or folder of a matcher.",
)
@running_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@damaged_images_option
def score(paths, texts, preset, batch_size, as_json, run: Run) -> int:
    """Print f(I, D), how well each image matches each text.

    The table has a row for each image and a column for each text. The higher a score,
    the better the match.
    """
    from keras_imgdesc.presets.folders import find_preset
    from keras_imgdesc.text.checks import check_texts

    check_texts(texts)
    found, wrong = list_each(paths)
    find_preset(preset)
    matcher = run.load("ImageTextMatcher", preset)
    from keras_imgdesc.embeddings import ImageEmbeddings

    with name_unknown_words((preset, matcher)) as read:
        matched = matcher.embed_texts(list(texts))
        read += texts
    failed: list[InputError] = list(wrong.values())
    if as_json:
        for name, error in wrong.items():
            say_json({"path": name, "error": str(error)})
    if not as_json:
        for number, text in enumerate(texts, start=1):
            say(f"D{number}: {text}")
        say("".join(f"{f'D{n}':>9}" for n in range(1, len(texts) + 1)))
    stream = matcher.embed_images_stream(found, batch_size=min(batch_size, len(found)))
    for path, embedded in stream:
        if isinstance(embedded, ImageError):
            failed.append(embedded)
            if as_json:
                say_json({"path": str(path), "error": str(embedded)})
            continue
        vector, regions = embedded
        image = ImageEmbeddings(vector[None], regions[None])
        scores = matcher.score(image, matched)[0]
        if as_json:
            rounded = [round(float(value), 4) for value in scores]
            row: dict[str, Any] = {"path": str(path), "scores": rounded}
            if is_damaged(path):
                row["damaged"] = True
            say_json(row)
        else:
            say("".join(f"{value:9.3f}" for value in scores) + f"  {path}")
    if not as_json:
        list_failed(failed, "images", len(found) + len(wrong))
    return 1 if failed else 0
