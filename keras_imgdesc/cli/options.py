"""What several verbs share."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import click

DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(path_type=Path)
# The search is written out beam by beam: thousands would fill the memory.
BEAMS = click.IntRange(1, 100)
# As `TextToImage.generate` has it, told before TensorFlow starts.
truncation_option = click.option(
    "--truncation",
    type=click.FloatRange(0, 10),
    default=1.0,
    show_default=True,
    help="Below 1 pictures are more typical and less different.",
)


def start_quietly() -> None:
    """Start TensorFlow without what it writes before it reads its own log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
        keras.ops.convert_to_tensor(0)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def load_captioner(preset: str, precision: str = "float32") -> Any:
    return _load("ImageCaptioner", preset, precision)


def load_matcher(preset: str, precision: str = "float32") -> Any:
    return _load("ImageTextMatcher", preset, precision)


def load_painter(preset: str, precision: str = "float32") -> Any:
    return _load("TextToImage", preset, precision)


def load_task(preset: str) -> Any:
    return _load(None, preset, "float32")


def _load(task: str | None, preset: str, precision: str) -> Any:
    from keras_imgdesc.presets.folders import find_preset

    folder = find_preset(preset)  # a wrong name is told before TensorFlow starts
    start_quietly()
    import keras_imgdesc
    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.presets.saving import load_preset

    kind = getattr(keras_imgdesc, task) if task else None
    return load_preset(folder, choose_precision(precision), kind)


def check_presets(*presets: str | None) -> None:
    """Tell a wrong name before TensorFlow starts."""
    from keras_imgdesc.presets.folders import find_preset

    for preset in presets:
        if preset is not None:
            find_preset(preset)


def make_folder(path: Path | None) -> None:
    """Make the folder that results will go to, before the work for them starts."""
    if path is None:
        return
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def list_failed(messages: Iterable[object], what: str) -> None:
    """Say at the end what failed, so that it is not lost among the rest."""
    several = list(messages)
    if several:
        click.echo(f"{len(several)} {what} failed:", err=True)
    for message in several:
        click.echo(f"  {message}", err=True)


def generation_options(command: Callable) -> Callable:
    """Options of every verb that generates captions."""

    @click.option("--num-beams", type=BEAMS, help="Beams of the search.")
    @click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
    @click.option(
        "--precision",
        type=click.Choice(["float32", "mixed_bfloat16", "auto"]),
        default="float32",
        show_default=True,
        help="auto: bfloat16 where the CPU has it, faster and not quite the same.",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def search_options(command: Callable) -> Callable:
    """Options of every verb that fixes the search in a file."""

    @click.option("--num-beams", type=BEAMS, help="Beams of the search.")
    @click.option("--length-penalty", type=click.FloatRange(0))
    @click.option("--max-length", type=click.IntRange(1), help="Tokens of a caption.")
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def annotation_options(command: Callable) -> Callable:
    """Options of every verb that reads captioned pictures."""

    @click.option("--annotations", type=FILE, help="File of captions.")
    @click.option("--images", type=DIRECTORY, help="Folder of its pictures.")
    @click.option("--image-list", type=FILE, help="File naming the pictures to use.")
    @click.option("--split", help="Of a Karpathy JSON, --scenes or --flowers.")
    @click.option("--scenes", is_flag=True, help="Use the drawn data set Scenes.")
    @click.option(
        "--scenes-config",
        type=click.Choice(["default", "large", "tiny"]),
        help="How many of --scenes; large has four times as many to train on.",
    )
    @click.option("--data-dir", type=DIRECTORY, help="Where Scenes are kept.")
    @click.option(
        "--flowers",
        type=DIRECTORY,
        help="Use Oxford-102 in this folder, with derived text.",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def changes_of(changes: tuple[str, ...]) -> dict[str, Any]:
    values = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes FIELD=JSON, not {change!r}.")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


# All flowers are in memory at once. Encoders see them as large as this, painters paint
# them smaller.
FLOWER_SIZE = 224


def read_captions(
    annotations,
    images,
    image_list,
    split,
    scenes,
    scenes_config,
    data_dir,
    flowers,
    default_split,
) -> Any:
    if scenes_config and not scenes:
        raise click.UsageError("--scenes-config is for --scenes.")
    if not scenes and not flowers and (annotations is None or images is None):
        raise click.UsageError(
            "Give --annotations and --images, or --scenes, or --flowers."
        )
    if scenes and flowers:
        raise click.UsageError("Give one of --scenes and --flowers.")
    start_quietly()
    if flowers:
        from keras_imgdesc.data.flowers import read_flowers

        collection = read_flowers(flowers, split or default_split, FLOWER_SIZE)
        click.echo(collection.report(), err=True)
        return collection
    if scenes:
        from keras_imgdesc.data.scenes import load_scenes

        return load_scenes(split or default_split, scenes_config or "default", data_dir)
    from keras_imgdesc.data.readers import read_captions as read

    collection = read(annotations, images, image_list=image_list, split=split)
    click.echo(collection.report(), err=True)
    return collection
