"""Tell intact image files from damaged ones, and read what a damaged one has.

A file is first read in a form that can be decoded only if the file is intact, then in
one that can be decoded although data are missing. A graph does the same, see
`export/graph/image_bytes.py`. What is missing is told apart from what is wrong: a
checksum, which only a PNG has, or a code that no decoder knows.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from typing import IO, Literal

import numpy as np

from keras_imgdesc.errors import DamagedImageWarning, ImageError, InputError
from keras_imgdesc.images.jpeg_structure import (
    NO_DATA,
    closed,
    jpeg_structure,
    without_end,
)
from keras_imgdesc.images.png_structure import check_png
from keras_imgdesc.images.sources import image_name

OnDamaged = Literal["warn", "refuse"]

_JPEG, _PNG, _GIF, _BMP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM"
_RIFF = b"RIFF"
_NO_TRAILER = "its end is missing"
# The trailer of a GIF, behind the end of an image.
GIF_END = b"\0;"
TAIL = 4096


class DamagedImage(np.ndarray):
    """The pixels of an image some of whose data are missing, uint8 (height, width, 3).

    Attributes:
        damage: what is missing.
    """

    damage: str


def check_on_damaged(on_damaged: str) -> None:
    """Refuse an `on_damaged` other than `"warn"` and `"refuse"`.

    Args:
        on_damaged: what is done with an image some of whose data are missing.

    Raises:
        InputError: it is something else.
    """
    if on_damaged not in ("warn", "refuse"):
        raise InputError(
            "on_damaged must be 'warn' or 'refuse'",
            "Use 'warn' to read what a damaged image has, or 'refuse' to get an error",
            on_damaged=on_damaged,
        )


def damage_of(image: object) -> str:
    """Return what is missing of an image that was read; empty if nothing is."""
    return getattr(image, "damage", "")


def mark(pixels: np.ndarray, damage: str) -> np.ndarray:
    """Return pixels that know what is missing of them; unchanged if nothing is."""
    if not damage:
        return pixels
    marked = pixels.view(DamagedImage)
    marked.damage = damage
    return marked


def report_damage(source: object, damage: str, on_damaged: str) -> None:
    """Warn of a damaged image, or refuse it.

    Args:
        source: the image, as `load_image` takes it.
        damage: what is missing; empty if nothing is.
        on_damaged: `"warn"` or `"refuse"`.

    Raises:
        ImageError: the image is damaged, and `on_damaged` is `"refuse"` or a filter
            makes an error of the warning.

    Warns:
        DamagedImageWarning: the image is damaged, and `on_damaged` is `"warn"`.
    """
    if not damage:
        return
    if on_damaged == "warn":
        try:
            warnings.warn(DamagedImageWarning(image_name(source), damage), stacklevel=3)
            return
        # Where warnings are errors, the image is refused as any other bad one.
        except DamagedImageWarning:
            pass
    raise ImageError(
        f"The image is damaged: {damage}", "Copy it again", image=image_name(source)
    )


def forms_of(file: IO[bytes]) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the forms in which a file is to be read, until one can be decoded.

    Args:
        file: a file open for reading, at its start.

    Yields:
        A file at its start, and what is missing if it can be decoded; empty if nothing
        is.

    Raises:
        ImageError: the file is damaged and cannot be read.
    """
    start = file.read(12)
    file.seek(0)
    if start.startswith(_JPEG):
        yield from _jpeg_forms(file.read())
        return
    damage = ""
    if start.startswith(_PNG):
        check_png(file)
    elif start.startswith(_GIF):
        damage = "" if _tail(file).endswith(GIF_END) else _NO_TRAILER
    elif start.startswith(_BMP):
        _check_bmp(file)
    elif start.startswith(_RIFF):
        size = 8 + int.from_bytes(start[4:8], "little")
        damage = _NO_TRAILER if _size(file) < size else ""
    file.seek(0)
    yield file, damage


def _jpeg_forms(content: bytes) -> Iterator[tuple[IO[bytes], str]]:
    found = jpeg_structure(content)
    if found.is_unusual:
        raise ImageError(
            "A JPEG must be baseline or progressive, with Huffman codes",
            "Convert it to one of these kinds",
        )
    if found.is_one_pass:
        # Without an end marker, a decoder takes the rest for something still to come.
        can_close = found.scan_end < len(content)
        content = without_end(content, found)  # one copy in memory, not two
        yield io.BytesIO(content), found.damage
        if can_close:
            yield io.BytesIO(closed(content, found)), found.damage or NO_DATA
    elif found.has_end and found.damage:
        yield io.BytesIO(closed(content, found)), found.damage
    else:
        yield io.BytesIO(content), found.damage


def _check_bmp(file: IO[bytes]) -> None:
    """Refuse a BMP without compression that lacks pixels."""
    head = file.read(34)

    def number(at: int, count: int = 4) -> int:
        return int.from_bytes(head[at : at + count], "little")

    # The oldest kind of header has other fields.
    if len(head) < 34 or number(14) < 40 or number(30) not in (0, 3):
        return
    height = int.from_bytes(head[22:26], "little", signed=True)
    row = (number(18) * number(28, 2) + 31) // 32 * 4
    if _size(file) < number(10) + row * abs(height):
        raise ImageError(
            "The image is damaged: pixels are missing",
            "Copy it again, or open and save it in an image editor",
        )


def _tail(file: IO[bytes]) -> bytes:
    """Return the last bytes of a file, without the zeros that may follow it."""
    size = _size(file)
    file.seek(max(0, size - TAIL))
    return file.read().rstrip(b"\0")


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)
