"""The commands that caption images: `describe`, `presets`, `extract`."""

from collections.abc import Iterator
from typing import Any

import click

from keras_imgdesc.cli.caption_files import (
    CaptionFileOptions,
    CaptionFiles,
    caption_file_options,
    try_to_write,
)
from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.listing import list_each
from keras_imgdesc.cli.options import (
    DIRECTORY,
    list_failed,
    load_captioner,
    make_folder,
    num_beams_option,
)
from keras_imgdesc.cli.output import say, say_json
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
    "--prefix", help="Words that every caption begins with, such as 'a woman'."
)
@click.option(
    "--require",
    multiple=True,
    metavar="WORD",
    help="Word that every caption contains, as it is: 'dog' does not match 'dogs'. May "
    "be repeated.",
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
    help="Do not guide captions by the nouns for the classes that are seen.",
)
@click.option(
    "--show-concepts",
    is_flag=True,
    help="Print the nouns that guide each caption, with their probabilities. A class "
    "may stand for several nouns.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--attention-dir",
    type=DIRECTORY,
    help="Folder for attention heat maps, one file per image.",
)
@caption_file_options
@damaged_images_option
def describe(
    paths,
    preset,
    num_beams,
    batch_size,
    prefix,
    require,
    avoid,
    no_concepts,
    show_concepts,
    as_json,
    attention_dir,
    files: CaptionFileOptions,
    run: Run,
) -> int:
    """Caption images: files, folders or globs, one line per image."""
    from keras_imgdesc.presets.folders import find_preset

    found, wrong = list_each(paths)
    find_preset(preset)
    outputs = CaptionFiles(files, found, preset)
    if outputs.skipped:
        say(
            f"{outputs.skipped} of {len(found)} images skipped: their captions exist",
            err=True,
        )
    make_folder(attention_dir)
    failed: list[str] = [str(error) for error in wrong.values()]
    if as_json:
        for path, error in wrong.items():
            say_json({"path": path, "error": str(error)})
    total = len(found) + len(wrong)
    if not outputs.todo:
        if not as_json:
            list_failed(failed, "images", total)
        return 1 if failed else 0
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

        names = dict(zip(found, attention_names(found), strict=True))
        drawings = iter(names[path] for path in outputs.todo)
    stream = captioner.generate_stream(
        outputs.todo,
        batch_size=min(batch_size, len(outputs.todo)),
        return_attention=attention_dir is not None,
        **settings,
    )
    with progress(stream, len(outputs.todo), is_quiet=as_json) as results:
        for path, caption in results:
            drawing = next(drawings, None)
            if isinstance(caption, ImageError):
                failed.append(str(caption))
                if as_json:
                    say_json({"path": str(path), "error": str(caption)})
                continue
            concepts = captioner.detect_concepts(path) if show_concepts else []
            unwritten = outputs.write(path, caption)
            failed += unwritten
            if as_json:
                row: dict[str, Any] = {"path": str(path), "caption": caption.text}
                row["log_prob"] = round(caption.log_prob, 4)
                if caption.damaged:
                    row["damaged"] = True
                if show_concepts:
                    row["concepts"] = [
                        {"noun": noun, "probability": round(probability, 4)}
                        for noun, probability in concepts
                    ]
                if unwritten:
                    row["error"] = " ".join(unwritten)
                say_json(row)
            else:
                nouns = ", ".join(map(str, concepts))
                seen = f" [guided by {nouns}]" if nouns else ""
                say(f"{path}: {caption.text}{seen}")
            if drawing is not None:
                target = attention_dir / drawing
                failed += try_to_write(target, save_attention, path, caption, target)
    if not as_json:
        list_failed(failed, "images", total)
    return 1 if failed else 0


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
@damaged_images_option
def extract(paths, preset, output, batch_size) -> int:
    """Cache the feature maps of images on disk."""
    from keras_imgdesc.data.feature_cache import extract_features

    found, wrong = list_each(paths)
    encoder = load_captioner(preset).image_encoder
    names = [str(path) for path in found]
    cache = extract_features(encoder, found, names, output, batch_size=batch_size)
    say(f"{len(cache)} feature maps of {cache.feature_map_shape} in {output}")
    for name, message in cache.failed.items():
        say(f"{name}: {message}", err=True)
    for error in wrong.values():
        say(str(error), err=True)
    return 1 if cache.failed or wrong else 0
