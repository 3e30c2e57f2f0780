"""Finding images that are the same, whatever their names."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Last bytes that are compared before a file is read completely.
_ENDING = 4096


def same_images(
    sources: Sequence[Path | np.ndarray | bytes], among_first: int | None = None
) -> list[list[int]]:
    """Find images that are the same: one file, or equal contents.

    Sizes are compared first and then the last bytes, so that few files are read
    completely. A file that cannot be read, and any other object, is the same as itself
    alone.

    Args:
        sources: images, each a path, the bytes of a file, or an array; see
            `CaptionedImage.source`.
        among_first: number of images; only what one of these and one of the others
            have in common is found. None finds all.

    Returns:
        Groups of positions, in ascending order; at least two in each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.same_images import same_images
    >>> grey, white = (np.full((2, 2, 3), i, "uint8") for i in (128, 255))
    >>> same_images([grey, white, grey.copy(), white[:1]])
    [[0, 2]]
    """
    groups = [list(range(len(sources)))]
    keys: tuple[Callable[[Any], Hashable], ...] = (_size, _ending, _digest)
    for key in keys:
        parts: list[list[int]] = []
        for group in groups:
            by_key: dict[Hashable, list[int]] = defaultdict(list)
            for position in group:
                by_key[_key_of(key, sources[position])].append(position)
            parts += by_key.values()
        if among_first is None:
            groups = [part for part in parts if len(part) > 1]
        else:
            groups = [part for part in parts if part[0] < among_first <= part[-1]]
    return groups


def _key_of(key: Callable[[Any], Hashable], source: Any) -> Hashable:
    if isinstance(source, str | os.PathLike):
        try:
            return key(Path(source))
        except (OSError, ValueError):  # ValueError: there is a zero in the name
            return os.path.abspath(source)
    if isinstance(source, np.ndarray | bytes):
        return key(source)
    return id(source)


def _size(source: Path | np.ndarray | bytes) -> Hashable:
    if isinstance(source, np.ndarray):
        return source.shape, source.dtype.str
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _ending(source: Path | np.ndarray | bytes) -> bytes:
    if isinstance(source, np.ndarray):
        return source[-1:].tobytes()
    if isinstance(source, bytes):
        return source[-_ENDING:]
    with source.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _ENDING))
        return file.read()


def _digest(source: Path | np.ndarray | bytes) -> bytes:
    if isinstance(source, np.ndarray):
        source = source.tobytes()
    if isinstance(source, bytes):
        return hashlib.sha256(source).digest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
