"""Check the colours of a GIF: TensorFlow refuses one that is not in the palette."""

from __future__ import annotations

from typing import IO, Any

from keras_imgdesc.errors import ImageError

_EXTENSION, _IMAGE = 0x21, 0x2C
_HEADER, _DESCRIPTOR = 13, 9
_HAS_COLOURS = 0x80


def check_colours(image: Any, file: IO[bytes]) -> None:
    """Refuse a GIF with a pixel whose colour the palette lacks.

    Args:
        image: the opened image; its pixels are loaded.
        file: its file.

    Raises:
        ImageError: the palette lacks a colour, or there is none.
    """
    count = count_colours(file)
    image.load()
    _, highest = image.getextrema()
    if highest >= count:
        raise ImageError(
            "The image is damaged: its palette lacks a colour",
            "Copy it again, or open and save it in an image editor",
            colours=count,
            pixel=int(highest),
        )


def count_colours(file: IO[bytes]) -> int:
    """Return the number of colours in the palette of the first frame.

    Args:
        file: a file open for reading; it begins with the signature of a GIF.

    Returns:
        The number; 0 if there is no palette, or no frame.
    """
    start = file.tell()
    try:
        return _count(file)
    finally:
        # Pillow goes on reading where it stopped.
        file.seek(start)


def _count(file: IO[bytes]) -> int:
    file.seek(0)
    header = file.read(_HEADER)
    if len(header) < _HEADER:
        return 0
    count = _colours(header[10])
    file.seek(3 * count, 1)
    while (kind := file.read(1)) and kind[0] == _EXTENSION:
        file.read(1)
        while (size := file.read(1)) and size[0]:
            file.seek(size[0], 1)
    descriptor = file.read(_DESCRIPTOR)
    if not kind or kind[0] != _IMAGE or len(descriptor) < _DESCRIPTOR:
        return 0
    return _colours(descriptor[8]) or count


def _colours(flags: int) -> int:
    return 2 << (flags & 7) if flags & _HAS_COLOURS else 0
