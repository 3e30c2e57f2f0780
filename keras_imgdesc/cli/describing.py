"""The commands that caption images: `describe`, `presets`, `extract`."""

import json
from collections.abc import Iterator

import click

from keras_imgdesc.cli.listing import list_given
from keras_imgdesc.cli.options import (
    DIRECTORY,
    list_failed,
    load_captioner,
    make_folder,
    num_beams_option,
)
from keras_imgdesc.cli.progress import progress
from keras_imgdesc.cli.running import Run, running_options
from keras_imgdesc.errors import ImageError


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--preset",
    default="flickr8k_efficientnet_lstm",
    show_default=True,
    help="Name or folder of a captioner.",
)
@num_beams_option
@running_options
@click.option(
    "--prefix", help="Words that every caption begins with, such as 'a photo of'."
)
@click.option(
    "--require",
    multiple=True,
    metavar="WORD",
    help="Word that every caption contains, exactly: dog is not met by dogs. May be "
    "repeated.",
)
@click.option(
    "--avoid",
    multiple=True,
    metavar="WORD",
    help="Word that no caption contains. May be repeated.",
)
@click.option(
    "--no-concepts",
    is_flag=True,
    help="Caption without the nouns that the classifier sees.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--attention-dir",
    type=DIRECTORY,
    help="Folder for attention heat maps, one file per image.",
)
def describe(
    paths,
    preset,
    num_beams,
    batch_size,
    prefix,
    require,
    avoid,
    no_concepts,
    as_json,
    attention_dir,
    run: Run,
) -> int:
    """Caption images: files, folders or globs, one line per image."""
    from keras_imgdesc.presets.folders import find_preset

    found = list_given(paths)
    find_preset(preset)
    make_folder(attention_dir)
    settings = {
        "num_beams": num_beams,
        "prefix": prefix,
        "require": require or None,
        "avoid": avoid or None,
        "use_concepts": False if no_concepts else None,
    }
    captioner = run.load("ImageCaptioner", preset, **settings)
    drawings: Iterator[str] = iter(())
    if attention_dir is not None:
        from keras_imgdesc.visualization.attention_maps import (
            attention_names,
            save_attention,
        )

        drawings = iter(attention_names(found))
    failed: list[ImageError] = []
    stream = captioner.generate_stream(
        found,
        batch_size=min(batch_size, len(found)),
        return_attention=attention_dir is not None,
        **settings,
    )
    with progress(stream, len(found), is_quiet=as_json) as results:
        for path, caption in results:
            drawing = next(drawings, None)
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
            if drawing is not None:
                save_attention(path, caption, attention_dir / drawing)
    if not as_json:
        list_failed(failed, "images", len(found))
    return 1 if failed else 0


@click.command()
def presets() -> None:
    """List the available presets."""
    from keras_imgdesc.presets.folders import list_presets

    for name, summary in list_presets().items():
        click.echo(f"{name}: {summary}" if summary else name)


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--preset",
    required=True,
    help="Name or folder of the captioner whose encoder runs.",
)
@click.option(
    "--output", "-o", type=DIRECTORY, required=True, help="Folder for the cache."
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Images per batch.",
)
def extract(paths, preset, output, batch_size) -> int:
    """Cache the feature maps of images on disk."""
    from keras_imgdesc.data.feature_cache import extract_features

    found = list_given(paths)
    encoder = load_captioner(preset).image_encoder
    names = [str(path) for path in found]
    cache = extract_features(encoder, found, names, output, batch_size=batch_size)
    click.echo(f"{len(cache)} feature maps of {cache.feature_map_shape} in {output}")
    for name, message in cache.failed.items():
        click.echo(f"{name}: {message}", err=True)
    return 1 if cache.failed else 0
