"""Commands that write models for other runtimes, and verify them."""

from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.captioned_images import annotation_options, read_captions
from keras_imgdesc.cli.listing import list_given
from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    chosen_temperature,
    load_matcher,
    load_task,
    search_options,
    temperature_option,
)
from keras_imgdesc.cli.output import say, say_lines
from keras_imgdesc.cli.starting import start_quietly
from keras_imgdesc.errors import InputError

# More images hardly change the ranges and take minutes.
MOST_REPRESENTATIVE = 200

# The options of `search_options`.
SEARCH = ("num_beams", "length_penalty", "max_length")

preset_option = click.option(
    "--preset", required=True, help="Name or directory of the preset."
)
representative_option = click.option(
    "--representative-images",
    type=DIRECTORY,
    help="Directory of images like those that the model will receive, for dynamic and "
    f"int8; up to {MOST_REPRESENTATIVE} are used, evenly spaced. [default: images of "
    "Scenes]",
)
representative_texts_option = click.option(
    "--representative-texts",
    type=FILE,
    help="File of texts like those that a painter will receive, one per line, for "
    "int8. [default: captions of Scenes, or random known words]",
)


def read_texts(file: Path | None) -> list[str] | None:
    """Read the lines of a file that are not blank; None if there is no file.

    Raises:
        InputError: the file cannot be read, or a line is not UTF-8.
    """
    if file is None:
        return None
    from keras_imgdesc.data.readers.caption_checks import is_utf8
    from keras_imgdesc.data.readers.text_files import read_text, split_lines

    lines = split_lines(read_text(file))
    for number, line in enumerate(lines, start=1):
        if not is_utf8(line):
            raise InputError(
                "A file of texts must be in UTF-8",
                "Save it as UTF-8 in a text editor",
                file=file,
                line=number,
            )
    return [line for line in lines if line.strip()]


def sample_images(folder: Path | None) -> list[Path] | None:
    """List at most `MOST_REPRESENTATIVE` images of a folder, evenly spaced."""
    if folder is None:
        return None
    paths = list_given([folder])
    step = max(1, -(-len(paths) // MOST_REPRESENTATIVE))
    return paths[::step]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Drop options that were not given: a task refuses those of another task."""
    return {name: value for name, value in options.items() if value is not None}


@click.group()
def export() -> None:
    """Write a preset for other runtimes."""


@export.command("saved-model")
@preset_option
@click.option(
    "--output",
    "-o",
    type=DIRECTORY,
    required=True,
    help="Directory of the model; each version gets a numbered subdirectory.",
)
@click.option(
    "--version",
    type=click.IntRange(1),
    help="Number of the version. [default: the highest existing one plus 1]",
)
@search_options
@click.option(
    "--rerank",
    help="Preset of a matcher, which adds the signature paint_ranked to a painter.",
)
@temperature_option
@click.option(
    "--warm-up/--no-warm-up",
    default=True,
    show_default=True,
    help="Whether to write warm-up requests for TensorFlow Serving.",
)
def export_saved_model(
    preset, output, rerank, temperature, truncation, **options
) -> None:
    """Write a SavedModel for TensorFlow Serving.

    It takes the bytes of image files, and texts as strings.
    """
    task = load_task(preset)
    if truncation is not None and not hasattr(task, "generator"):
        raise click.UsageError("--truncation is for painters.")
    options["temperature"] = chosen_temperature(task, temperature, truncation)
    if rerank is not None:
        options["rerank"] = load_matcher(rerank)
    from keras_imgdesc.export.saved_model.export import export_saved_model as write

    say(f"The model is in {write(task, output, **_given(options))}")


@export.command("tflite")
@preset_option
@click.option("--output", "-o", type=FILE, help="File to write; it must not exist.")
@click.option(
    "--into-preset",
    is_flag=True,
    help="Write the file into the preset's folder, where commands find it, or replace "
    "the one that is there.",
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "dynamic", "int8"]),
    help="Type of the weights; int8 also runs convolutions in int8. [default: float32]",
)
@representative_option
@representative_texts_option
@search_options
def export_lite(
    preset, output, into_preset, representative_images, representative_texts, **options
) -> None:
    """Write a .tflite file for phones and browsers.

    It needs LiteRT's built-in operations only.
    """
    if into_preset == (output is not None):
        raise click.UsageError("Name the file: --output FILE or --into-preset.")
    given = _given({name: options[name] for name in SEARCH})
    if into_preset and given:
        raise click.UsageError("A preset's file has the settings of the preset.")
    takes_images = ("dynamic", "int8")
    if representative_images is not None and options["quantize"] not in takes_images:
        raise click.UsageError("--representative-images is for dynamic and int8.")
    if representative_texts is not None and options["quantize"] != "int8":
        raise click.UsageError("--representative-texts is for int8.")
    images = sample_images(representative_images)
    texts = read_texts(representative_texts)
    task = load_task(preset)
    from keras_imgdesc.export.tflite.export import add_to_preset, export_tflite
    from keras_imgdesc.presets.folders import find_preset

    folder = find_preset(preset)
    examples: dict[str, Any] = {
        "representative_images": images,
        "representative_texts": texts,
    }
    if into_preset:
        written = add_to_preset(task, folder, quantize=options["quantize"], **examples)
    else:
        written = export_tflite(
            task,
            output,
            name=Path(preset).name,
            preset=folder,
            **examples,
            **_given(options),
        )
    say(f"The model is in {written}, {written.stat().st_size / 1e6:.1f} MB")


@click.command()
@click.argument("preset")
@annotation_options
@representative_option
@representative_texts_option
@click.option(
    "--limit",
    type=click.IntRange(2),
    default=20,
    show_default=True,
    help="Number of images, or of texts to paint.",
)
def verify(
    preset, representative_images, representative_texts, limit, **source
) -> None:
    """Compare a preset in Python with its exported forms.

    The .tflite file that it ships with is compared too; a damaged one, or one of other
    weights, is refused.

    Without images and captions of your own, those of Scenes are used. The exit code
    is 1 if a float32 form differs from Python: a caption in any word, a score by more
    than 0.01, a painted image by more than one grey level, the probability of a class
    by more than 0.001.
    """
    from keras_imgdesc.presets.folders import find_preset, read_config

    # Report a wrong name before importing TensorFlow.
    task = read_config(find_preset(preset)).get("task")
    paints = task == "TextToImage"
    if paints and representative_images is not None:
        raise click.UsageError(f"{task} takes --representative-texts.")
    if not paints and representative_texts is not None:
        raise click.UsageError(f"{task} takes --representative-images.")
    images = sample_images(representative_images)
    texts = read_texts(representative_texts)
    start_quietly()
    from keras_imgdesc.data.caption_collection import CaptionCollection
    from keras_imgdesc.data.scenes import draw_scenes
    from keras_imgdesc.verification.verify import verify as compare

    if any(source.values()):
        captioned = read_captions(**source, default_split="test")
        collection = CaptionCollection(captioned.examples[:limit])
    else:
        collection = draw_scenes("test", limit)
    parity = compare(
        preset, collection, representative_images=images, representative_texts=texts
    )
    say_lines(parity.table())
    if not parity.is_exact:
        say("A float32 form differs from Python.", err=True)
        raise SystemExit(1)
