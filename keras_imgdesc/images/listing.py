"""Finding image files by paths, folders and patterns."""

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
    """Find image files.

    Args:
        paths: one or more of: a file, whatever its name; a folder, which stands for
            the files in it and its subfolders that have the suffix of an image and are
            not hidden; a pattern such as `"photos/**/*.jpg"`, which stands for the
            files and folders that match.

    Returns:
        The paths, sorted and without duplicates.

    Raises:
        InputError: a path does not exist, a pattern matches nothing, or a folder has
            no images.

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
    if not given:  # an unset shell variable does not mean the current folder
        raise InputError(
            "A path must not be empty", "Use '.' for the current folder", path=given
        )
    path = Path(given)
    # A file may have a name like "[1].jpg", so the name comes before the pattern.
    if path.is_dir():
        files = _files_in(path)
        if not files:
            raise InputError(
                "The folder must have images in it",
                f"Use a folder with files that end in {', '.join(IMAGE_SUFFIXES)}",
                path=given,
            )
        return files
    if path.exists():
        return [path]
    if not glob.has_magic(given):
        raise InputError(
            "There is no such file or folder", "Check the path", path=given
        )
    files = []
    for match in map(Path, glob.glob(given, recursive=True)):
        files += _files_in(match) if match.is_dir() else [match]
    if not files:
        raise InputError(
            "The pattern must match an image", "Check the pattern", path=given
        )
    return files


def _files_in(folder: Path) -> list[Path]:
    return [
        Path(parent, name)
        for parent, folders, names in os.walk(folder)
        # Hidden: the "._a.jpg" files of macOS, thumbnails, checkpoints.
        if not any(p.startswith(".") for p in Path(parent).relative_to(folder).parts)
        for name in names
        if not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES)
    ]
