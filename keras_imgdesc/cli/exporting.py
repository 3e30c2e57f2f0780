"""The verbs that write models for other runtimes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    annotation_options,
    load_matcher,
    load_task,
    read_captions,
    search_options,
    start_quietly,
)

# More tell nothing new about ranges and take minutes.
MOST_REPRESENTATIVE = 200

representative_option = click.option(
    "--representative-images",
    type=DIRECTORY,
    help="Folder of pictures like those to come, for dynamic and int8; else drawn. Of "
    f"more than {MOST_REPRESENTATIVE}, so many from all over it.",
)
representative_texts_option = click.option(
    "--representative-texts",
    type=FILE,
    help="File of texts like those to be painted, a line each, for int8; else drawn.",
)


def read_texts(file: Path | None) -> list[str] | None:
    if file is None:
        return None
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip()]


def list_pictures(folder: Path | None) -> list[Path] | None:
    if folder is None:
        return None
    from keras_imgdesc.images import list_images

    found = list_images(folder)
    step = max(1, -(-len(found) // MOST_REPRESENTATIVE))
    return found[::step]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What was asked for: a task has no option of another."""
    return {name: value for name, value in options.items() if value is not None}


@click.group()
def export() -> None:
    """Write a model for other runtimes."""


@export.command("saved-model")
@click.option("--preset", required=True)
@click.option(
    "--output", "-o", type=DIRECTORY, required=True, help="Gets a folder a version."
)
@click.option("--version", type=click.IntRange(1), help="Else the next one.")
@search_options
@click.option("--rerank", help="Preset of a matcher: a painter's pictures, ranked.")
@click.option(
    "--truncation", type=click.FloatRange(0, 10), help="Of a painter's noise."
)
@click.option("--warm-up/--no-warm-up", default=True, show_default=True)
def export_saved_model(preset, output, rerank, **options) -> None:
    """Write a SavedModel for TensorFlow Serving: bytes and texts in, answers out."""
    task = load_task(preset)
    if rerank is not None:
        options["rerank"] = load_matcher(rerank)
    from keras_imgdesc.export.saved_model.export import export_saved_model as write

    click.echo(f"The model is in {write(task, output, **_given(options))}")


@export.command("tflite")
@click.option("--preset", required=True)
@click.option("--output", "-o", type=FILE, required=True, help="A new file.")
@click.option("--quantize", type=click.Choice(["float16", "dynamic", "int8"]))
@representative_option
@representative_texts_option
@search_options
def export_tflite(
    preset, output, representative_images, representative_texts, **options
) -> None:
    """Write a .tflite file for phones and browsers, of built-in operations."""
    is_for = ("dynamic", "int8")
    if representative_images is not None and options["quantize"] not in is_for:
        raise click.UsageError("--representative-images is for dynamic and int8.")
    if representative_texts is not None and options["quantize"] != "int8":
        raise click.UsageError("--representative-texts is for int8.")
    pictures = list_pictures(representative_images)
    texts = read_texts(representative_texts)
    task = load_task(preset)
    from keras_imgdesc.export.tflite.export import export_tflite as write

    written = write(
        task,
        output,
        name=Path(preset).name,
        representative_images=pictures,
        representative_texts=texts,
        **_given(options),
    )
    click.echo(f"The model is in {written}, {written.stat().st_size / 1e6:.1f} MB")


@click.command()
@click.argument("preset")
@annotation_options
@representative_option
@representative_texts_option
@click.option("--limit", type=click.IntRange(2), default=20, show_default=True)
def verify(
    preset, representative_images, representative_texts, limit, **source
) -> None:
    """Describe, match or paint the same in Python and in every exported form.

    Without pictures and captions of yours, those of Scenes are taken. Exit code 1 if a
    form of float32 differs from Python; of a painter, by more than one grey level.
    """
    from keras_imgdesc.presets.folders import find_preset, read_config

    # A wrong name is told before TensorFlow starts.
    task = read_config(find_preset(preset)).get("task")
    kind, other = "texts", representative_images
    if task != "TextToImage":
        kind, other = "images", representative_texts
    if other is not None:
        raise click.UsageError(f"{task} takes --representative-{kind}.")
    read = read_texts if kind == "texts" else list_pictures
    given: Any = read(representative_texts or representative_images)
    start_quietly()
    from keras_imgdesc import verification
    from keras_imgdesc.data.caption_collection import CaptionCollection
    from keras_imgdesc.data.scenes import draw_scenes

    if any(source.values()):
        found = read_captions(**source, default_split="test")
        collection = CaptionCollection(found.examples[:limit])
    else:
        collection = draw_scenes("test", limit)
    checks: dict[str | None, Callable[..., Any]] = {
        "ImageTextMatcher": verification.verify_matcher,
        "TextToImage": verification.verify_painter,
    }
    check = checks.get(task, verification.verify_exports)
    parity = check(preset, collection, **{f"representative_{kind}": given})
    click.echo(str(parity))
    if not parity.is_exact:
        click.echo("A form of float32 differs from Python.", err=True)
        raise SystemExit(1)
