"""Painted pictures as files, named after what they show."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

# Of a name: with four bytes a letter and a number behind it, still a file's name.
_LONGEST = 60


def save_pictures(
    pictures: Iterable[np.ndarray], text: str, folder: str | Path
) -> list[Path]:
    """Save pictures as PNG files, beside those that are there already.

    Args:
        pictures: uint8 RGB `(height, width, 3)`.
        text: what they show.
        folder: made if missing.

    Returns:
        Their paths: the text's words and a number, the next that is free. No file is
        replaced.

    Raises:
        OSError: a file cannot be written.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from keras_imgdesc.visualization.image_files import save_pictures
    >>> black = np.zeros((2, 8, 8, 3), "uint8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in save_pictures(black, "A red bird!", folder)]
    ['a-red-bird-001.png', 'a-red-bird-002.png']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = picture_name(text)
    numbers = count(1)
    return [_save(picture, folder, stem, numbers) for picture in pictures]


def picture_name(text: str) -> str:
    """A text's words as a part of a file's name, cut where it is long.

    Example:

    >>> from keras_imgdesc.visualization.image_files import picture_name
    >>> picture_name("A red bird, 3/4 view")
    'a-red-bird-3-4-view'
    """
    words = "-".join(re.findall(r"[^\W_]+", text.lower()))
    return words[:_LONGEST].strip("-") or "picture"


def _save(picture: np.ndarray, folder: Path, stem: str, numbers: Iterator[int]) -> Path:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    while True:
        path = folder / f"{stem}-{next(numbers):03d}.png"
        try:
            # Refused where there is a file, whoever else writes to the folder.
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(buffer.getvalue())
        except BaseException:
            path.unlink()
            raise
        return path
