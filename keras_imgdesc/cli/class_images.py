"""What `train classifier` and `evaluate classifier` share: their images."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.listing import tell_passed_over
from keras_imgdesc.cli.options import DIRECTORY, FILE
from keras_imgdesc.cli.starting import start_quietly


def class_images_options(command: Callable) -> Callable:
    """Add `--images` and `--image-list`, for `read_class_images`."""

    @click.option(
        "--images",
        type=DIRECTORY,
        multiple=True,
        required=True,
        help="Folder with one folder of images per class; with --teacher, folder of "
        "images, and may be repeated.",
    )
    @click.option(
        "--image-list",
        type=FILE,
        help="With --teacher: text file of the images to use, one per line.",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


def read_class_images(
    folders: Sequence[Path], image_list: Path | None, has_teacher: bool
) -> Any:
    """Read images: with a teacher any images, else those of a folder per class."""
    if not has_teacher and (image_list or len(folders) > 1):
        raise click.UsageError(
            "Without a teacher, name one folder with a folder of images per class, "
            "and no list of images."
        )
    start_quietly()
    from keras_imgdesc.data.readers import read_labelled_folders, read_unlabelled
    from keras_imgdesc.data.readers.image_folders import PASSED_OVER

    if has_teacher:
        collection = read_unlabelled(folders, image_list)
    else:
        collection = read_labelled_folders(folders[0])
    tell_passed_over(
        Path(problem.name)
        for problem in collection.problems
        if problem.kind == PASSED_OVER
    )
    return collection
