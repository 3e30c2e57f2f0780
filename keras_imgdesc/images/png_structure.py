"""Check the chunks of a PNG and their checksums.

Pillow ignores the checksums of the pixels, libpng those of what it can do without. Here
none may be wrong.
"""

from __future__ import annotations

import zlib
from typing import IO

from keras_imgdesc.errors import ImageError

_REMEDY = "Copy it again, or open and save it in an image editor"
_SIGNATURE = 8
_PART = 1 << 16
# The checksum of all pixels is the last 4 bytes of their last chunk. With fewer bytes
# than this in it, a decoder may have all pixels and not look at it.
SHORT = 16


def check_png(file: IO[bytes]) -> None:
    """Refuse a PNG with a wrong checksum or without its end.

    Args:
        file: a file open for reading; it begins with the signature of a PNG.

    Raises:
        ImageError: it is damaged.
    """
    file.seek(_SIGNATURE)
    pixels: list[tuple[int, int]] = []
    order = _Order()
    while True:
        head = file.read(8)
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8:
            raise ImageError("The image is damaged: its last chunk is missing", _REMEDY)
        if name == b"IDAT" and length:
            pixels.append((file.tell(), length))
        checksum = zlib.crc32(name)
        left = length
        start = b""
        while left:
            part = file.read(min(left, _PART))
            if not part:
                raise ImageError(
                    "The image is damaged: it ends within a chunk", _REMEDY
                )
            start = start or part
            checksum = zlib.crc32(part, checksum)
            left -= len(part)
        if file.read(4) != checksum.to_bytes(4, "big"):
            raise ImageError(
                "The image is damaged: the checksum of a chunk is wrong",
                _REMEDY,
                chunk=name.decode("latin-1"),
            )
        order.add(name, start)
        if name == b"IEND":
            break
    if pixels and pixels[-1][1] < SHORT:
        _check_pixels(file, pixels)


class _Order:
    """Refuse a PNG whose decoders disagree about its chunks, for they are disordered.

    The palette comes before the pixels, and what makes its colours transparent between
    them; each is there once.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._is_indexed = False

    def add(self, name: bytes, data: bytes) -> None:
        """Add the next chunk, with its data or their start."""
        seen = self._seen
        if name == b"IHDR":
            self._is_indexed = data[9:10] == b"\3"
        is_single = name in (b"IHDR", b"PLTE", b"tRNS")
        is_late = name in (b"PLTE", b"tRNS") and b"IDAT" in seen
        is_early = name == b"PLTE" and b"tRNS" in seen
        needs_colours = name in (b"tRNS", b"IDAT") and self._is_indexed
        is_early |= needs_colours and b"PLTE" not in seen
        is_first = not seen
        if is_first != (name == b"IHDR") or is_early or is_late:
            raise _disordered(name)
        if is_single and name in seen:
            raise _disordered(name)
        seen.add(name)


def _disordered(name: bytes) -> ImageError:
    return ImageError(
        "The image is damaged: the chunks of a PNG must be in order",
        _REMEDY,
        chunk=name.decode("latin-1"),
    )


def _check_pixels(file: IO[bytes], chunks: list[tuple[int, int]]) -> None:
    stream, reason = zlib.decompressobj(), "missing"
    try:
        for start, length in chunks:
            file.seek(start)
            left = file.read(length)
            while left:
                stream.decompress(left, _PART)
                left = stream.unconsumed_tail
    except zlib.error as error:
        reason = str(error)
    if not stream.eof:
        raise ImageError(
            "The image is damaged: the checksum of its pixels is wrong",
            _REMEDY,
            reason=reason,
        )
