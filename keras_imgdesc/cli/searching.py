"""The commands that search images by text: `index` and `search`."""

from dataclasses import asdict
from pathlib import Path

import click

from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.listing import tell_passed_over
from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    list_failed,
)
from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.cli.running import Run, running_options, runtime_options
from keras_imgdesc.cli.unknown_words import name_unknown_words
from keras_imgdesc.errors import ImageError, InputError


@click.command()
@click.argument("paths", nargs=-1)
@click.option(
    "--output", "-o", type=DIRECTORY, required=True, help="Folder of the index."
)
@click.option(
    "--preset",
    default="flickr8k_matcher",
    show_default=True,
    help="Name or folder of a matcher.",
)
@click.option(
    "--relocate",
    nargs=2,
    type=click.Path(),
    metavar="OLD NEW",
    help="Folder or file that was indexed, and the place where it was moved to; no "
    "image is read again. PATHS may then be omitted.",
)
@running_options
@damaged_images_option
def index(paths, output, preset, relocate, batch_size, run: Run) -> int:
    """Index images for `search`.

    Run the command again to update the index: only new and changed files are read, and
    images whose file is gone are dropped.
    """
    code = 0
    if relocate:
        code = _relocate(output, *relocate)
        if not paths:
            return code
    if not paths:
        raise click.UsageError("Missing argument 'PATHS...'.")
    from keras_imgdesc.matching.index.files import read_manifest
    from keras_imgdesc.matching.index.writing import images_to_index, update_index
    from keras_imgdesc.presets.folders import find_preset

    images = images_to_index(paths, output)
    tell_passed_over(images.passed_over)
    found = images.paths
    folder = find_preset(preset)

    manifest = read_manifest(output)
    built_by = None if manifest is None else manifest["matcher"]
    matcher = run.load("ImageTextMatcher", preset, index=built_by)

    # An absolute path lets `search` run from any working directory.
    done = update_index(
        matcher,
        list(paths),
        output,
        batch_size=batch_size,
        preset=str(folder.absolute()) if folder == Path(preset) else preset,
    )
    say(
        f"{done.images} {'image' if done.images == 1 else 'images'} in {output}: "
        f"{done.added} added, {done.changed} changed, {done.removed} removed, "
        f"{done.unchanged} unchanged"
    )
    list_failed(done.failed.values(), "images", len(found))
    return 1 if done.failed else code


def _relocate(index, old, new) -> int:
    from keras_imgdesc.matching.index.relocating import relocate_index

    done = relocate_index(index, old, new)
    images = "image of {} is" if done.moved == 1 else "images of {} are"
    say(f"{done.moved} {images.format(index)} now in {new}")
    missing = [f"{path}: there is no such file" for path in done.missing]
    list_failed(missing, "images", done.moved + len(missing))
    return 1 if missing else 0


@click.command()
@click.argument("index", type=DIRECTORY)
@click.argument("text", required=False)
@click.option("--image", type=FILE, help="Image to search for instead of a text.")
@click.option(
    "-k",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help="Number of images to return.",
)
@click.option(
    "--rerank",
    type=click.IntRange(0),
    default=48,
    show_default=True,
    help="Number of nearest images to read again and score word by word; 0 for none.",
)
@click.option(
    "--sheet", type=FILE, help="Contact sheet of the hits to write: PNG, JPEG or WebP."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--preset",
    help="Name or folder of the matcher. [default: the one that built the index, if it "
    "is an installed preset]",
)
@runtime_options
@damaged_images_option
def search(index, text, image, k, rerank, sheet, as_json, preset, run: Run) -> int:
    """Find images in an index by a text or by another image."""
    if (text is None) == (image is None):
        raise click.UsageError(
            'Name what to search for: a text such as "a red bird", or --image FILE.'
        )
    from keras_imgdesc.matching.index.files import read_manifest

    manifest = read_manifest(index)
    if manifest is not None and preset is None:
        preset = _installed(manifest["preset"])
    if text is not None and not text.strip():
        raise InputError(
            "A text must have words in it",
            "Write what the image should show",
            text=text,
        )
    if sheet is not None:
        from keras_imgdesc.visualization.contact_sheets import check_sheet_path

        check_sheet_path(sheet)
    matcher = None
    if manifest is not None:
        matcher = run.load("ImageTextMatcher", preset, index=manifest["matcher"])
    from keras_imgdesc.matching.index.search_index import SearchIndex

    searched = SearchIndex(index, matcher)
    if not len(searched):
        say(f"The index {index} is empty.", err=True)
        return 1
    with name_unknown_words((preset, matcher)) as read:
        hits = searched.search(text, image=image, k=k, rerank=rerank)
        read += [] if text is None else [text]
    for hit in hits:
        if as_json:
            say_json(asdict(hit))
        else:
            say(f"{_number(hit)} {hit.path}")
    _report(searched.left_out, len(searched))
    if sheet is not None and hits:
        _draw(hits, text or f"like {image}", sheet)
    return 0 if hits else 1


def _installed(preset: str | None) -> str:
    """Return the installed preset that an index names.

    Whoever made the index chose the name: it must not decide what is loaded.
    """
    from keras_imgdesc.presets.folders import find_installed_preset, find_preset

    if preset is None:
        raise click.UsageError("The index does not name its matcher. Add --preset.")
    folder = find_installed_preset(preset)
    if folder is None:
        raise InputError(
            "An index may name only an installed preset as its matcher",
            "Add --preset with its folder, if you trust it; `keras-imgdesc presets` "
            "lists the installed ones",
            preset=preset,
        )
    # A folder of the same name here would be found first.
    return preset if find_preset(preset) == folder else str(folder)


def _report(left_out, total) -> None:
    """Say which images were left out, and what to do about those that are gone."""
    from keras_imgdesc.matching.index.files import is_gone

    gone = [path for path in left_out if is_gone(path)]
    list_failed(
        [why for path, why in left_out.items() if path not in gone],
        "images of the index",
        total,
    )
    if gone:
        say(
            f"Images of the index that are gone: {len(gone)} of {total}, such as "
            f"{gone[0]}. Run `keras-imgdesc index` again to drop them, or with "
            "--relocate OLD NEW if they were moved.",
            err=True,
        )


def _number(hit) -> str:
    return f"{hit.similarity if hit.score is None else hit.score:.3f}"


def _draw(hits, title, path) -> None:
    from keras_imgdesc.images import load_image
    from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet

    images, captions = [], []
    for hit in hits:
        try:
            images.append(load_image(hit.path))
        except ImageError as error:  # deleted since it was indexed
            say(str(error), err=True)
        else:
            captions.append(f"{_number(hit)} {Path(hit.path).name}")
    sheet = draw_sheet(images, captions, columns=6, tile=192, lines=2, title=title)
    save_sheet(sheet, path)
