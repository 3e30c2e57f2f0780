"""The image formats that are read, and opening a file within a size limit."""

from __future__ import annotations

import io
from importlib import import_module
from typing import IO, Any

from PIL import Image

from keras_imgdesc.errors import ImageError

IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff"),
)

# The limit above which Pillow itself assumes an attack.
MAX_PIXELS = 178_956_970

# The first bytes of a file decide, never its name. `Image.open` is not used: it reads
# 40 formats, runs Ghostscript for one of them, and warns or fails at a limit that can
# be changed only for the entire process. A plugin is imported for the first file of its
# format.
_OPENERS: dict[bytes, tuple[str, str]] = {
    b"\xff\xd8\xff": ("PIL.JpegImagePlugin", "jpeg_factory"),
    b"\x89PNG\r\n\x1a\n": ("PIL.PngImagePlugin", "PngImageFile"),
    b"RIFF": ("PIL.WebPImagePlugin", "WebPImageFile"),
    b"GIF8": ("PIL.GifImagePlugin", "GifImageFile"),
    b"BM": ("PIL.BmpImagePlugin", "BmpImageFile"),
    b"II*\0": ("PIL.TiffImagePlugin", "TiffImageFile"),
    b"MM\0*": ("PIL.TiffImagePlugin", "TiffImageFile"),
}


def open_image(file: IO[bytes], max_pixels: int) -> Image.Image:
    """Open an image file with Pillow, without decoding its pixels yet.

    A JPEG of more than `max_pixels` will be decoded to a half, a quarter or an eighth
    of its size, row by row, so that its full size is never in memory.

    Args:
        file: a file open for reading, at its start.
        max_pixels: the limit for the pixels in memory.

    Raises:
        ImageError: the format is unknown, or the image is too large. Pillow's own
            errors pass through: the header is broken.
    """
    start = file.read(16)
    if not start:
        raise ImageError("The file is empty", "Copy it again")
    for signature, opener in _OPENERS.items():  # noqa: B007 (used below)
        if start.startswith(signature):
            break
    else:
        raise ImageError(
            "An image must be a JPEG, PNG, WebP, GIF, BMP or TIFF file",
            "Convert it to one of these formats",
            first_bytes=start,
        )
    file.seek(0)
    try:
        plugin, name = opener
        image: Image.Image = getattr(import_module(plugin), name)(file)
    except Image.DecompressionBombError as error:
        # Pillow checks a WebP file before it allocates the memory.
        raise _too_large(max_pixels, reason=str(error)) from error
    if image.width * image.height > max_pixels:
        _shrink_while_decoding(image, file, max_pixels)
    check_size(image, max_pixels)
    return image


def check_size(image: Image.Image, max_pixels: int) -> None:
    """Refuse an image with more pixels than `max_pixels`, or with none."""
    width, height = image.size
    if width * height == 0:
        raise ImageError(
            "An image must have pixels", "Use another image", width=width, height=height
        )
    if width * height > max_pixels:
        raise _too_large(max_pixels, width=width, height=height)


def _too_large(max_pixels: int, **received: object) -> ImageError:
    return ImageError(
        f"An image may have at most {max_pixels:,} pixels",
        "Make it smaller, or raise `max_pixels` if there is enough memory",
        **received,
    )


def _shrink_while_decoding(image: Any, file: IO[bytes], max_pixels: int) -> None:
    if image.format != "JPEG":
        return
    # After opening, the file position is behind the header of the first scan: its
    # length in two bytes, the number of its colour components, two bytes for each,
    # and three more. Only with all components in one scan can libjpeg work row by row;
    # otherwise it keeps the coefficients of the full image, however far it shrinks.
    header_length = 6 + 2 * image.layers
    file.seek(-header_length, io.SEEK_CUR)
    is_one_scan = file.read(3) == bytes([0, header_length, image.layers])
    if image.info.get("progressive") or not is_one_scan:
        return
    width, height = image.size
    for divisor in (2, 4, 8):
        if -(-width // divisor) * -(-height // divisor) <= max_pixels:
            # Rounded down, because Pillow divides by it and rounds down.
            image.draft(None, (width // divisor, height // divisor))
            return
