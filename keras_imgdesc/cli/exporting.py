"""The verbs that write models for other runtimes."""

from pathlib import Path

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    load_captioner,
    search_options,
)


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
    """Write a SavedModel for TensorFlow Serving: image bytes in, captions out."""
    captioner = load_captioner(preset)
    from keras_imgdesc.export.saved_model import export_saved_model as write

    click.echo(f"The model is in {write(captioner, output, **options)}")


@export.command("tflite")
@click.option("--preset", required=True)
@click.option("--output", "-o", type=FILE, required=True, help="A new file.")
@click.option("--quantize", type=click.Choice(["float16", "dynamic"]))
@search_options
def export_tflite(preset, output, **options) -> None:
    """Write a .tflite file for phones and browsers: pixels in, token ids out."""
    captioner = load_captioner(preset)
    from keras_imgdesc.export.tflite import export_tflite as write

    written = write(captioner, output, name=Path(preset).name, **options)
    click.echo(f"The model is in {written}, {written.stat().st_size / 1e6:.1f} MB")
