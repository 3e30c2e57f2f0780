"""The verbs that write models for other runtimes."""

from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    annotation_options,
    load_task,
    read_captions,
    search_options,
    start_quietly,
)

representative_option = click.option(
    "--representative-images",
    type=DIRECTORY,
    help="Folder of pictures like those to come, for dynamic and int8; else drawn.",
)


def list_pictures(folder: Path | None) -> list[Path] | None:
    if folder is None:
        return None
    from keras_imgdesc.images import list_images

    return list_images(folder)


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
@click.option("--warm-up/--no-warm-up", default=True, show_default=True)
def export_saved_model(preset, output, **options) -> None:
    """Write a SavedModel for TensorFlow Serving: image bytes in, answers out."""
    task = load_task(preset)
    from keras_imgdesc.export.saved_model import export_saved_model as write

    click.echo(f"The model is in {write(task, output, **_given(options))}")


@export.command("tflite")
@click.option("--preset", required=True)
@click.option("--output", "-o", type=FILE, required=True, help="A new file.")
@click.option("--quantize", type=click.Choice(["float16", "dynamic", "int8"]))
@representative_option
@search_options
def export_tflite(preset, output, representative_images, **options) -> None:
    """Write a .tflite file for phones and browsers, of built-in operations."""
    is_for = ("dynamic", "int8")
    if representative_images is not None and options["quantize"] not in is_for:
        raise click.UsageError("--representative-images is for dynamic and int8.")
    pictures = list_pictures(representative_images)
    task = load_task(preset)
    from keras_imgdesc.export.tflite import export_tflite as write

    written = write(
        task,
        output,
        name=Path(preset).name,
        representative_images=pictures,
        **_given(options),
    )
    click.echo(f"The model is in {written}, {written.stat().st_size / 1e6:.1f} MB")


@click.command()
@click.argument("preset")
@annotation_options
@representative_option
@click.option("--limit", type=click.IntRange(2), default=20, show_default=True)
def verify(preset, representative_images, limit, **source) -> None:
    """Describe or match the same pictures in Python and in every exported form.

    Without pictures of yours, drawn ones are taken. Exit code 1 if a form of float32
    differs from Python.
    """
    from keras_imgdesc.preset_folders import find_preset, read_config

    # A wrong name is told before TensorFlow starts.
    task = read_config(find_preset(preset)).get("task")
    pictures = list_pictures(representative_images)
    start_quietly()
    from keras_imgdesc.data.caption_collection import CaptionCollection
    from keras_imgdesc.data.scenes import draw_scenes
    from keras_imgdesc.verification import verify_exports, verify_matcher

    if any(source.values()):
        found = read_captions(**source, default_split="test")
        collection = CaptionCollection(found.examples[:limit])
    else:
        collection = draw_scenes("test", limit)
    check = verify_matcher if task == "ImageTextMatcher" else verify_exports
    parity = check(preset, collection, representative_images=pictures)
    click.echo(str(parity))
    if not parity.is_exact:
        click.echo("A form of float32 differs from Python.", err=True)
        raise SystemExit(1)
