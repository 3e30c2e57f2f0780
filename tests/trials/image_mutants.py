"""Image files that are damaged in many ways, each a function of its number."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, PngImagePlugin

FORMATS = ("jpeg", "png", "gif", "bmp")


class Mutant(NamedTuple):
    """A damaged image file.

    Attributes:
        number: the mutant is a function of it.
        format: `"jpeg"`, `"png"`, `"gif"` or `"bmp"`.
        seed: name of the intact file.
        change: what was done to it, such as `"truncated"`.
        content: the damaged file.
        original: the intact file.
        is_detectable: whether every reader must notice: data are missing, or a
            checksum is wrong.
    """

    number: int
    format: str
    seed: str
    change: str
    content: bytes
    original: bytes
    is_detectable: bool

    def __str__(self) -> str:
        return f"#{self.number} {self.seed} {self.change}"


def seeds() -> dict[str, bytes]:
    """Return small intact files by name; the format is before the first space."""
    photo = _photo()
    grey = photo.convert("L")
    indexed = photo.quantize(16)
    with_text = PngImagePlugin.PngInfo()
    with_text.add_text("Comment", "a drawn image")
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    frames = [photo.quantize(32), photo.rotate(90).quantize(32)]
    return {
        "jpeg 4:2:0": _save(photo, "JPEG"),
        "jpeg 4:4:4": _save(photo, "JPEG", subsampling=0, quality=90),
        "jpeg grey": _save(grey, "JPEG"),
        "jpeg optimized": _save(photo, "JPEG", optimize=True, quality=40),
        "jpeg progressive": _save(photo, "JPEG", progressive=True),
        "jpeg progressive grey": _save(grey, "JPEG", progressive=True),
        "jpeg restarts": _save(photo, "JPEG", restart_marker_blocks=3),
        "jpeg progressive restarts": _save(
            photo, "JPEG", progressive=True, restart_marker_blocks=3
        ),
        "jpeg exif": _save(photo, "JPEG", exif=exif),
        "jpeg cmyk": _save(photo.convert("CMYK"), "JPEG"),
        "png rgb": _save(photo, "PNG"),
        "png grey": _save(grey, "PNG"),
        "png alpha": _save(_with_alpha(photo), "PNG"),
        "png palette": _save(indexed, "PNG", bits=4),
        "png transparent palette": _save(indexed, "PNG", transparency=b"\0\x80\xff"),
        "png 16 bits": _save(deep, "PNG"),
        "png text": _save(photo, "PNG", pnginfo=with_text, exif=exif),
        "png many chunks": split_pixels(_save(photo, "PNG"), 200),
        "gif still": _save(indexed, "GIF"),
        "gif animated": _save(
            frames[0], "GIF", save_all=True, append_images=frames[1:]
        ),
        "bmp rgb": _save(photo, "BMP"),
        "bmp palette": _save(grey, "BMP"),
    }


def mutants(
    count: int, first: int = 0, formats: tuple[str, ...] = FORMATS
) -> Iterator[Mutant]:
    """Yield mutants, as many of each format.

    Args:
        count: number of mutants.
        first: number of the first one. Others of the same number are the same.
        formats: which formats.
    """
    files = seeds()
    by_format = {
        kind: [name for name in files if name.split()[0] == kind] for kind in formats
    }
    for number in range(first, first + count):
        random = np.random.default_rng(number)
        kind = formats[number % len(formats)]
        name = str(random.choice(by_format[kind]))
        change, content, is_detectable = _mutate(files[name], kind, random)
        yield Mutant(number, kind, name, change, content, files[name], is_detectable)


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and data of the chunks of an intact PNG."""
    found, at = [], 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return the PNG with these chunks; their checksums are right."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def split_pixels(content: bytes, size: int) -> bytes:
    """Return a PNG whose pixels are in chunks of at most this many bytes."""
    chunks: list[tuple[bytes, bytes]] = []
    for name, data in png_chunks(content):
        if name == b"IDAT":
            parts = [data[i : i + size] for i in range(0, len(data), size)]
            chunks += [(name, part) for part in parts]
        else:
            chunks.append((name, data))
    return png_of(chunks)


def jpeg_scans(content: bytes) -> list[int]:
    """Return where each part of an intact JPEG starts, and its end.

    A part is a marker segment; the data of a scan belong to its header.
    """
    parts, at = [], 2
    while True:
        parts.append(at)
        marker = content[at + 1]
        if marker == 0xD9:
            return [*parts, at + 2]
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDA:
            while content[at] != 0xFF or content[at + 1] in (0, *range(0xD0, 0xD8)):
                at += 1


def _mutate(
    content: bytes, kind: str, random: np.random.Generator
) -> tuple[str, bytes, bool]:
    size = len(content)
    changes = ["truncated", "closed", "zeroed", "dropped", "doubled", "head", "bits"]
    changes += {"jpeg": ["part"] * 4 + ["restart"], "png": ["chunk"] * 3}.get(kind, [])
    change = str(random.choice(changes))
    at = int(random.integers(8, size - 4))
    length = int(random.integers(1, min(400, size - at)))
    run = content[at : at + length]
    before, after = content[:at], content[at + length :]
    if change == "truncated":
        return change, before, True
    if change == "closed":
        return _close(content, before, kind)
    if change == "zeroed":
        return change, before + bytes(length) + after, kind == "png" and any(run)
    if change == "dropped":
        return change, before + after, kind == "png"
    if change == "doubled":
        return change, before + run + run + after, False
    if change == "head":
        changed = bytearray(content)
        for position in random.integers(0, min(size, 700), int(random.integers(1, 4))):
            changed[position] ^= 1 << int(random.integers(8))
        return change, bytes(changed), False
    if change == "bits":
        changed = bytearray(content)
        for position in random.integers(0, size, int(random.integers(1, 8))):
            changed[position] ^= 1 << int(random.integers(8))
        return change, bytes(changed), False
    if change == "chunk":
        return _change_chunk(content, random)
    if change == "restart":
        return _change_restart(content, random)
    return _change_part(content, random)


def _close(content: bytes, before: bytes, kind: str) -> tuple[str, bytes, bool]:
    """Cut a file and append what ends an intact one."""
    if kind == "jpeg":
        # What is cut off must be more than the last two blocks: see the documentation.
        parts = jpeg_scans(content)
        is_pixels = len(before) > parts[-3]
        is_last_scan = len(before) > parts[-3]
        is_sequential = b"\xff\xc0" in content
        is_clear = len(content) - len(before) > 200
        is_detectable = is_clear and (is_sequential or not is_last_scan)
        return "closed", before + b"\xff\xd9", is_detectable or not is_pixels
    if kind == "png":
        return "closed", before + content[-12:], True
    if kind == "gif":
        return "closed", before + b"\0;", False
    return "closed", before, True


def _change_chunk(
    content: bytes, random: np.random.Generator
) -> tuple[str, bytes, bool]:
    chunks = png_chunks(content)
    index = int(random.integers(1, len(chunks)))
    name, data = chunks[index]
    which = str(random.choice(["sum", "removed", "doubled", "moved", "changed"]))
    change = f"{name.decode()} {which}"
    if which == "sum":
        start = content.index(name)
        end = start + 4 + len(data)
        wrong = bytes([content[end] ^ 1 << int(random.integers(8))])
        return change, content[:end] + wrong + content[end + 1 :], True
    if which == "removed":
        lacks = name in (b"IDAT", b"IEND") or name == b"PLTE"
        return change, png_of(chunks[:index] + chunks[index + 1 :]), lacks
    if which == "doubled":
        return (
            change,
            png_of(
                chunks[:index] + chunks[index : index + 1] * 2 + chunks[index + 1 :]
            ),
            False,
        )
    if which == "moved":
        others = chunks[:index] + chunks[index + 1 :]
        to = int(random.integers(0, len(others) + 1))
        return change, png_of([*others[:to], chunks[index], *others[to:]]), False
    if not data:
        return change, content + b"after the end", False
    changed = bytearray(data)
    position = int(random.integers(len(data)))
    changed[position] ^= 1 << int(random.integers(8))
    chunks[index] = (name, bytes(changed))
    return change, png_of(chunks), False


def _change_part(
    content: bytes, random: np.random.Generator
) -> tuple[str, bytes, bool]:
    starts = jpeg_scans(content)
    parts = [content[start:end] for start, end in zip(starts, starts[1:], strict=False)]
    index = int(random.integers(0, len(parts) - 1))
    part = parts[index]
    which = str(random.choice(["removed", "doubled", "moved"]))
    change = f"{part[1]:02x} {which}"
    others = parts[:index] + parts[index + 1 :]
    if which == "removed":
        changed = others
    elif which == "doubled":
        changed = [*parts[: index + 1], *parts[index:]]
    else:
        to = int(random.integers(0, len(others)))
        changed = [*others[:to], part, *others[to:]]
    is_scan = part[1] == 0xDA
    return change, b"".join([content[:2], *changed]), is_scan and which == "removed"


def _change_restart(
    content: bytes, random: np.random.Generator
) -> tuple[str, bytes, bool]:
    restarts = [
        i
        for i in range(len(content) - 1)
        if content[i] == 0xFF and 0xD0 <= content[i + 1] <= 0xD7
    ]
    if len(restarts) < 3:
        return _change_part(content, random)
    first = int(random.integers(len(restarts) - 1))
    last = int(random.integers(first + 1, len(restarts)))
    start, end = restarts[first], restarts[last]
    if len(jpeg_scans(content)) and random.integers(2):
        return "restarts doubled", content[:end] + content[start:], True
    return "restarts removed", content[:start] + content[end:], True


def _photo() -> Image.Image:
    """Draw an image with smooth and rough parts."""
    random = np.random.default_rng(7)
    rows, columns = np.mgrid[0:90, 0:110]
    waves = [
        128 + 100 * np.sin(rows / a + columns / b)
        for a, b in ((9, 17), (21, 8), (13, 13))
    ]
    pixels = np.stack(waves, axis=-1)
    pixels[20:50, 30:80] = random.integers(0, 256, (30, 50, 3))
    pixels[60:, 60:] = (250, 250, 250)
    return Image.fromarray(pixels.astype(np.uint8))


def _with_alpha(image: Image.Image) -> Image.Image:
    alpha = np.linspace(0, 255, image.width * image.height).astype(np.uint8)
    image = image.copy()
    image.putalpha(Image.fromarray(alpha.reshape(image.height, image.width)))
    return image


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
