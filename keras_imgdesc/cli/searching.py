"""The verbs that find pictures."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from keras_imgdesc.cli.options import DIRECTORY, FILE, list_failed, load_matcher
from keras_imgdesc.errors import ImageError, InputError


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--output", "-o", type=DIRECTORY, required=True, help="The index.")
@click.option("--preset", default="flickr8k_matcher", show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "auto"]),
    default="float32",
    show_default=True,
)
def index(paths, output, preset, batch_size, precision) -> int:
    """Index pictures to search them; run again, add what is new or changed."""
    from keras_imgdesc.images import list_images
    from keras_imgdesc.presets.folders import find_preset

    list_images(list(paths))
    folder = find_preset(preset)
    matcher = load_matcher(preset, precision)
    from keras_imgdesc.matching import SearchIndex

    # A folder is named so that it is found from wherever one searches.
    done = SearchIndex.update(
        matcher,
        list(paths),
        output,
        batch_size=batch_size,
        preset=str(folder.absolute()) if folder == Path(preset) else preset,
    )
    click.echo(
        f"{done.pictures} pictures in {output}: {done.added} added, {done.changed} "
        f"changed, {done.removed} removed, {done.unchanged} as they were"
    )
    list_failed(done.failed.values(), "pictures")
    return 1 if done.failed else 0


@click.command()
@click.argument("index", type=DIRECTORY)
@click.argument("text", required=False)
@click.option("--image", type=FILE, help="Find pictures like this one.")
@click.option("-k", type=click.IntRange(1), default=12, show_default=True)
@click.option(
    "--rerank",
    type=click.IntRange(0),
    default=48,
    show_default=True,
    help="Read so many of the most similar again, to score them word by word.",
)
@click.option("--sheet", type=FILE, help="Draw the hits into this PNG or JPEG.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.option("--preset", help="The matcher; by default the one that made the index.")
def search(index, text, image, k, rerank, sheet, as_json, preset) -> None:
    """Find the pictures of an index that fit a text or another picture."""
    if (text is None) == (image is None):
        raise click.UsageError('Give a text, such as "a red bird", or --image.')
    from keras_imgdesc.matching.index.files import read_manifest

    manifest = read_manifest(index)
    preset = preset or (manifest or {}).get("preset")
    if manifest is not None and preset is None:
        raise click.UsageError("The index does not tell its matcher: give --preset.")
    if text is not None and not text.strip():
        raise InputError(
            "A text must have words in it",
            "Write what the picture should show",
            text=text,
        )
    if sheet is not None:
        from keras_imgdesc.visualization.contact_sheets import check_sheet_path

        check_sheet_path(sheet)
    matcher = None if manifest is None else load_matcher(preset)
    from keras_imgdesc.matching import SearchIndex

    hits = SearchIndex(index, matcher).search(text, image=image, k=k, rerank=rerank)
    for hit in hits:
        if as_json:
            click.echo(json.dumps(asdict(hit)))
        else:
            click.echo(f"{_number(hit)} {hit.path}")
    if sheet is not None:
        _draw(hits, text or f"like {image}", sheet)


def _number(hit) -> str:
    return f"{hit.similarity if hit.score is None else hit.score:.3f}"


def _draw(hits, title, path) -> None:
    from keras_imgdesc.images import load_image
    from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet

    pictures, captions = [], []
    for hit in hits:
        try:
            pictures.append(load_image(hit.path))
        except ImageError as error:  # gone since it was indexed
            click.echo(str(error), err=True)
        else:
            captions.append(f"{_number(hit)} {Path(hit.path).name}")
    sheet = draw_sheet(pictures, captions, columns=6, tile=192, lines=2, title=title)
    save_sheet(sheet, path)
