"""Paths that readers are given, and the names of images in what they read."""

from __future__ import annotations

import functools
import os
import stat
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


def check_ordinary(path: str | os.PathLike[str]) -> None:
    """Refuse a path of something that cannot be read like a file.

    Opening a pipe would block, and a device may have no end.

    Args:
        path: path of a file.

    Raises:
        InputError: it is no path, there is no such file, or it is a folder, a pipe or
            a device.
    """
    check_path(path=path)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # ValueError: there is a zero in the name
        raise InputError(
            f"The file cannot be read: {getattr(error, 'strerror', None) or error}",
            "Check the path and the permissions of the file",
            path=path,
        ) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise InputError(
            f"The path must be that of a file, not of {kind}",
            "Write what it gives into a file, and name that",
            path=path,
        )


def list_folder(folder: str | os.PathLike[str]) -> list[Path]:
    """Return what is in a folder, in any order.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        return list(Path(folder).iterdir())
    except OSError as error:
        raise InputError(
            f"The folder cannot be read: {error.strerror}",
            "Check the path and the permissions of the folder",
            path=folder,
        ) from error


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
