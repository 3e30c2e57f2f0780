"""Finding images that are sorted into one folder per class."""

from __future__ import annotations

import os
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES
from keras_imgdesc.images.listing import find_images


def list_labelled_images(folder: str | os.PathLike[str]) -> list[tuple[Path, str]]:
    """Find the images in a folder that has one folder per class.

    Args:
        folder: the folder. Each folder in it that is not hidden is a class, and its
            name the label; images may lie in subfolders of it. Other files are
            ignored.

    Returns:
        Pairs of a path and its label, sorted by label, then by path.

    Raises:
        InputError: the folder does not exist or has no folder in it, a class has no
            images, or an image lies outside of the folders. The message names it.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.images import list_labelled_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("dog/a.jpg", "cat/b.jpg"):
    ...         path = Path(folder, name)
    ...         path.parent.mkdir()
    ...         path.touch()
    ...     found = list_labelled_images(folder)
    >>> [(path.name, label) for path, label in found]
    [('b.jpg', 'cat'), ('a.jpg', 'dog')]
    """
    return find_labelled_images(folder)[0]


def find_labelled_images(
    folder: str | os.PathLike[str],
) -> tuple[list[tuple[Path, str]], list[Path]]:
    """Find labelled images, and the files in their folders that are passed over.

    Args:
        folder: as in `list_labelled_images`.

    Returns:
        The pairs of `list_labelled_images`, and other files as in `FoundImages`.

    Raises:
        InputError: as in `list_labelled_images`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("There is no such folder", "Check the path", folder=folder)
    visible = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    classes = [path for path in visible if path.is_dir()]
    if not classes:
        raise InputError(
            "Labelled images must be sorted into one folder per class",
            "Make a folder for each class, such as cat/ and dog/",
            folder=folder,
        )
    for path in visible:
        if path.is_file() and path.name.lower().endswith(IMAGE_SUFFIXES):
            raise InputError(
                "Each image must be in the folder of its class",
                "Move it into one, or out of the folder",
                image=path,
            )
    found, passed_over = [], []
    for path in classes:
        try:
            images = find_images(path)
        except InputError as error:
            raise InputError(
                "The folder of a class must have images in it",
                "Add images, or remove the folder",
                folder=path,
                **{k: v for k, v in error.received.items() if k == "passed_over"},
            ) from error
        found += [(image, path.name) for image in images.paths]
        passed_over += images.passed_over
    return found, passed_over
