"""The size of a JPEG XL image, read before its pixels are decoded."""

from __future__ import annotations

CODESTREAM = b"\xff\x0a"
BOX_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"

# ISO/IEC 18181-1, SizeHeader: bits of a number by its selector, and width by height
# for each ratio.
_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
# Number of bytes that hold the header.
_HEADER = 16


def jpeg_xl_size(content: bytes) -> tuple[int, int]:
    """Return (width, height) of a JPEG XL image as stored, in pixels.

    Args:
        content: the file, with or without boxes.

    Raises:
        ValueError: it has no header.
    """
    start = content if content.startswith(CODESTREAM) else _codestream(content)
    if not start.startswith(CODESTREAM):
        raise ValueError("no JPEG XL codestream")
    header = int.from_bytes(start[2:_HEADER], "little")

    def read(count: int) -> int:
        nonlocal header
        value = header & ((1 << count) - 1)
        header >>= count
        return value

    def read_side(is_small: bool) -> int:
        return (read(5) + 1) * 8 if is_small else read(_BITS[read(2)]) + 1

    is_small = bool(read(1))
    height = read_side(is_small)
    ratio = read(3)
    if ratio == 0:
        return read_side(is_small), height
    numerator, denominator = _RATIOS[ratio - 1]
    return height * numerator // denominator, height


def _codestream(content: bytes) -> bytes:
    """Return the start of the codestream in a file with boxes; nothing if none."""
    at = 0
    while at + 8 <= len(content):
        start = at + 8
        size, kind = (
            int.from_bytes(content[at : at + 4], "big"),
            content[at + 4 : start],
        )
        if size == 1:
            size = int.from_bytes(content[start : start + 8], "big")
            start += 8
        if kind in (b"jxlc", b"jxlp"):
            # A part of a codestream begins with its number.
            start += 4 * (kind == b"jxlp")
            return content[start : start + _HEADER]
        # A box of size 0 is the last one.
        if size < start - at:
            break
        at += size
    return b""
