"""Paths, folders and patterns to picture files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES


def list_images(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[Path]:
    """Finds picture files.

    Args:
        paths: one or several of: a file, whatever its name; a folder, for the
            files in it and its sub-folders that are named like pictures, hidden
            ones left out; a pattern like `"photos/**/*.jpg"`, for what it matches
            (folders in it count as folders).

    Returns:
        The paths, sorted, each once.

    Raises:
        InputError: a path does not exist, a pattern matches nothing, or a folder
            has no picture in it.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.images import list_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.jpg", "a.PNG", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     print([path.name for path in list_images(folder)])
    ['a.PNG', 'b.jpg']
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: set[Path] = set()
    for given in paths:
        found.update(_find(os.fspath(given)))
    return sorted(found)


def _find(given: str) -> list[Path]:
    if not given:  # of a shell variable that is not set; not the folder one is in
        raise InputError("A path must not be empty", "Give one, or '.'", path=given)
    path = Path(given)
    # A file may have a name like "[1].jpg", so the name comes before the pattern.
    if path.is_dir():
        files = _files_in(path)
        if not files:
            raise InputError(
                "The folder has no pictures in it",
                f"Pictures are named {', '.join(IMAGE_SUFFIXES)}",
                path=given,
            )
        return files
    if path.exists():
        return [path]
    if not glob.has_magic(given):
        raise InputError("There is no such file or folder", "Check it", path=given)
    files = []
    for match in map(Path, glob.glob(given, recursive=True)):
        files += _files_in(match) if match.is_dir() else [match]
    if not files:
        raise InputError("The pattern matches no picture", "Check it", path=given)
    return files


def _files_in(folder: Path) -> list[Path]:
    return [
        Path(parent, name)
        for parent, folders, names in os.walk(folder)
        # Hidden: the "._a.jpg" that macOS leaves, thumbnails, checkpoints.
        if not any(p.startswith(".") for p in Path(parent).relative_to(folder).parts)
        for name in names
        if not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES)
    ]
