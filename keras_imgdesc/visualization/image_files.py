"""Painted images as files, named after their text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

# Letters per stem: with four bytes per letter and a number, still a valid file name.
_MAX_STEM = 60


def save_images(
    images: Iterable[np.ndarray], text: str, folder: str | Path
) -> list[Path]:
    """Save images as PNG files, without replacing any file.

    Args:
        images: uint8 RGB, each `(height, width, 3)`.
        text: the text that they show; names the files.
        folder: folder to write to, created if missing.

    Returns:
        Paths of the files: the words of the text and the next free number.

    Raises:
        OSError: a file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from keras_imgdesc.visualization.image_files import save_images
    >>> black = np.zeros((2, 8, 8, 3), "uint8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save_images(black, "A red bird!", folder)]
    ['a-red-bird-001.png', 'a-red-bird-002.png']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = file_stem(text)
    numbers = count(1)
    return [_save(image, folder, stem, numbers) for image in images]


def file_stem(text: str) -> str:
    """Return the words of a text as part of a file name, cut if it is long.

    Args:
        text: any text.

    Returns:
        Lower-case letters and digits with hyphens, at most 60 characters; `"picture"`
        for a text without either.

    Example:

    >>> from keras_imgdesc.visualization.image_files import file_stem
    >>> file_stem("A red bird, 3/4 view")
    'a-red-bird-3-4-view'
    """
    words = "-".join(re.findall(r"[^\W_]+", text.lower()))
    return words[:_MAX_STEM].strip("-") or "picture"


def _save(image: np.ndarray, folder: Path, stem: str, numbers: Iterator[int]) -> Path:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    while True:
        path = folder / f"{stem}-{next(numbers):03d}.png"
        try:
            # Fails if the file exists, even if another process has just created it.
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(buffer.getvalue())
        except BaseException as error:
            path.unlink()
            if isinstance(error, OSError):
                error.filename = str(path)  # that of a full disk has none
            raise
        return path
