"""Paths that readers are given, and the names of images in what they read."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from keras_imgdesc.errors import InputError


def check_path(**paths: object) -> None:
    """Refuse what is not a path.

    Args:
        **paths: arguments by name.

    Raises:
        InputError: one is neither a string nor a path object.
    """
    for name, path in paths.items():
        if not isinstance(path, str | os.PathLike):
            raise InputError(
                f"`{name}` must be a path", "Name a file or a folder", **{name: path}
            )


def relative_name(name: str, images_dir: Path | None) -> str:
    """Return the name of an image, relative to the folder of the images.

    Args:
        name: the name as it is written, perhaps with `./` before it, or as an absolute
            path.
        images_dir: the folder; None if there is none.

    Returns:
        The relative name; an absolute path that is not in the folder, unchanged.
    """
    name = name.removeprefix("./")  # as `find .` prints it
    if images_dir is None or not os.path.isabs(name):
        return name
    path = Path(os.path.normpath(name))
    for folder in _spellings(images_dir):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return name


@functools.lru_cache(maxsize=8)
def _spellings(folder: Path) -> tuple[str, str]:
    """Return the absolute path of a folder, and that without symbolic links."""
    return os.path.abspath(folder), os.path.realpath(folder)
