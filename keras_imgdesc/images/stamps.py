"""Stamps of images: what differs if an image was replaced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.images.sources import is_file, plain_source

MISSING = (-1, -1)


def file_stamp(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return size in bytes and modification time in nanoseconds of a file.

    `MISSING` if there is no such file: reading it will raise the reason.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return MISSING
    return found.st_size, found.st_mtime_ns


def image_stamp(source: Any) -> str:
    """Return a text that changes if an image changes.

    Args:
        source: an image, as `load_image` takes it.

    Returns:
        Size and time of a file, or a digest of the content of an image in memory. A
        file object that can be read only once, and what is no image, has none: "".

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images.stamps import image_stamp
    >>> black = np.zeros((4, 6, 3), "uint8")
    >>> image_stamp(black) == image_stamp(black.copy())
    True
    >>> image_stamp(black) == image_stamp(black + 1)
    False
    """
    if is_file(source) and not _is_seekable(source):
        return ""
    try:
        source = plain_source(source)
    except ValueError:
        return ""  # Reading it will raise the reason.
    if isinstance(source, str | os.PathLike):
        return "-".join(map(str, file_stamp(source)))
    if isinstance(source, Image.Image):
        return _digest(f"{source.mode} {source.size}", source.tobytes())
    if isinstance(source, np.ndarray):
        content = np.ascontiguousarray(source).tobytes()
        return _digest(f"{source.dtype} {source.shape}", content)
    if isinstance(source, bytes | bytearray | memoryview):
        return _digest("bytes", source)
    return ""


def replaced(before: Sequence[str], now: Sequence[str]) -> list[int]:
    """Return the positions of images that are not what they were.

    A file that is missing now was not replaced: what was computed from it still holds.

    Args:
        before, now: stamps of the same images.
    """
    gone = "-".join(map(str, MISSING))
    return [
        position
        for position, (old, new) in enumerate(zip(before, now, strict=True))
        if new not in (old, gone)
    ]


def _is_seekable(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable and seekable())


def _digest(kind: str, content: Any) -> str:
    digest = hashlib.sha256(kind.encode())
    digest.update(content)
    return digest.hexdigest()[:24]
