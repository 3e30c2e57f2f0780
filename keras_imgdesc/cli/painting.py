"""The commands that paint: `paint`, `interpolate`, `roundtrip`."""

from pathlib import Path

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    check_presets,
    chosen_temperature,
    list_failed,
    make_folder,
    temperature_option,
)
from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.cli.running import Run, runtime_options
from keras_imgdesc.cli.unknown_words import name_unknown_words
from keras_imgdesc.errors import InputError

# The range of `TextToImage.generate`, checked before TensorFlow is imported.
NUM_IMAGES = click.IntRange(1, 10_000)
MOST_ON_A_SHEET = 1000

preset_option = click.option(
    "--preset",
    default="scenes_cvae",
    show_default=True,
    help="Name or folder of a painter.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the noise: the same seed gives the same images.",
)
sheet_option = click.option(
    "--sheet", type=FILE, help="Contact sheet to write: a PNG, JPEG or WebP file."
)
folder_option = click.option(
    "--output-dir",
    type=DIRECTORY,
    help="Folder for one PNG per image; existing files are kept.",
)


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "-n",
    "--num-images",
    type=NUM_IMAGES,
    default=8,
    show_default=True,
    help="Images per text.",
)
@seed_option
@temperature_option
@sheet_option
@folder_option
@preset_option
@runtime_options
@click.option("--rerank", help="Preset of a matcher that sorts the images, best first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per text.")
def paint(
    texts,
    num_images,
    seed,
    temperature,
    truncation,
    sheet,
    output_dir,
    preset,
    rerank,
    as_json,
    run: Run,
) -> int:
    """Paint images of texts, with the same noise for every text."""
    _check_outputs(sheet, output_dir, len(texts) * num_images)
    check_presets(preset, rerank)
    make_folder(output_dir)
    painter = run.load("TextToImage", preset)
    temperature = chosen_temperature(painter, temperature, truncation)
    matcher = run.load("ImageTextMatcher", rerank) if rerank else None
    from keras_imgdesc.visualization.image_files import save_images

    shown, captions = [], []
    failed: list[InputError] = []
    readers = [(preset, painter), *([(rerank, matcher)] if matcher else [])]
    with name_unknown_words(*readers) as read:
        for text in texts:
            try:
                painted = painter.generate(
                    text, num_images, seed=seed, temperature=temperature, rerank=matcher
                )
            except InputError as error:
                failed.append(error)
                if as_json:
                    say_json({"text": text, "error": str(error)})
                continue
            read.append(text)
            paths = [] if output_dir is None else save_images(painted, text, output_dir)
            if as_json:
                row = {"text": text, "seed": seed, "pictures": len(painted)}
                say_json(row | {"paths": [str(path) for path in paths]})
            else:
                for path in paths:
                    say(path)
            if sheet is not None:
                shown.extend(painted)
                captions.extend([text] * len(painted))
    if shown:
        _draw(shown, captions, sheet, columns=min(num_images, 8), as_json=as_json)
    if not as_json:
        list_failed(failed, "texts", len(texts))
    return 1 if failed else 0


@click.command()
@click.argument("text_a")
@click.argument("text_b")
@click.option(
    "--steps",
    type=click.IntRange(2, MOST_ON_A_SHEET),
    default=8,
    show_default=True,
    help="Number of images, both ends included.",
)
@seed_option
@click.option(
    "--same-noise", is_flag=True, help="Keep the noise fixed: only the text changes."
)
@temperature_option
@sheet_option
@folder_option
@preset_option
@runtime_options
def interpolate(
    text_a,
    text_b,
    steps,
    seed,
    same_noise,
    temperature,
    truncation,
    sheet,
    output_dir,
    preset,
    run: Run,
) -> None:
    """Paint a gradual transition from one text to another."""
    _check_outputs(sheet, output_dir, steps)
    check_presets(preset)
    make_folder(output_dir)
    painter = run.load("TextToImage", preset, interpolates=True)
    with name_unknown_words((preset, painter)) as read:
        painted = painter.interpolate(
            text_a,
            text_b,
            steps,
            seed=seed,
            temperature=chosen_temperature(painter, temperature, truncation),
            same_noise=same_noise,
        )
        read += [text_a, text_b]
    if output_dir is not None:
        from keras_imgdesc.visualization.image_files import save_images

        for path in save_images(painted, f"{text_a} to {text_b}", output_dir):
            say(path)
    if sheet is not None:
        captions = [text_a, *[""] * (steps - 2), text_b]
        _draw(list(painted), captions, sheet, columns=min(steps, 16))


@click.command()
@click.argument("text")
@click.option(
    "-n",
    "--num-images",
    type=click.IntRange(1, MOST_ON_A_SHEET),
    default=16,
    show_default=True,
    help="Images to paint and rank.",
)
@seed_option
@temperature_option
@preset_option
@click.option(
    "--matcher",
    default="scenes_matcher",
    show_default=True,
    help="Name or folder of the matcher that ranks the images.",
)
@click.option(
    "--captioner",
    default="scenes_lstm",
    show_default=True,
    help="Name or folder of the captioner that describes them.",
)
@sheet_option
@runtime_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def roundtrip(
    text,
    num_images,
    seed,
    temperature,
    truncation,
    preset,
    matcher,
    captioner,
    sheet,
    as_json,
    run: Run,
) -> None:
    """Paint a text, rank the images and caption the best one.

    The images are ranked by P(I|D), the probability of an image given the text.
    """
    check_presets(preset, matcher, captioner)
    if sheet is not None:
        _check_outputs(sheet, None, num_images)
    painter = run.load("TextToImage", preset)
    temperature = chosen_temperature(painter, temperature, truncation)
    matches = run.load("ImageTextMatcher", matcher)
    describes = run.load("ImageCaptioner", captioner)
    from keras_imgdesc.evaluation.paintings.round_trip import round_trip

    with name_unknown_words((preset, painter), (matcher, matches)) as read:
        trip = round_trip(
            painter, matches, describes, text, num_images, seed, temperature=temperature
        )
        read.append(text)
    found = trip.summary()
    if as_json:
        say_json(found)
    else:
        best = found["probabilities"][0]
        say(f"words in:     {trip.text_in}")
        say(f"words out:    {trip.text_out}")
        say(f"P(I|D):       {best:.3f}, the best of {len(trip.images)}")
        say(f"similarity:   {trip.similarity:.3f}")
        for name in ("same_objects", "same_scene"):
            if name in found:
                answer = "yes" if found[name] else "no"
                say(f"{name.replace('_', ' ') + ':':<13} {answer}")
    if sheet is not None:
        from keras_imgdesc.visualization.contact_sheets import save_sheet

        save_sheet(trip.sheet(), sheet)
        if not as_json:
            say(f"Sheet: {sheet}")


def _check_outputs(sheet: Path | None, output_dir: Path | None, count: int) -> None:
    if sheet is None and output_dir is None:
        raise click.UsageError("Name the output: --sheet, --output-dir or both.")
    if sheet is None:
        return
    if count > MOST_ON_A_SHEET:
        raise click.UsageError(
            f"A sheet holds at most {MOST_ON_A_SHEET} images, received {count}. "
            "Use --output-dir."
        )
    from keras_imgdesc.visualization.contact_sheets import check_sheet_path

    check_sheet_path(sheet)


def _draw(images, captions, sheet, columns, as_json=False) -> None:
    from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet

    save_sheet(draw_sheet(images, captions, columns=columns), sheet)
    if not as_json:
        say(f"Sheet: {sheet}")
