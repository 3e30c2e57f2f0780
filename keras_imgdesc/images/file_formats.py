"""The image formats that are read, and opening a file within a size limit."""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from typing import IO, Any, NamedTuple

from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.jpeg_xl import BOX_SIGNATURE, CODESTREAM, jpeg_xl_size

# The limit above which Pillow itself assumes an attack.
MAX_PIXELS = 178_956_970


class FileFormat(NamedTuple):
    """A format that is read.

    Attributes:
        name: what a message calls it.
        suffixes: how its files end, in lower case.
        plugin: the module with its class.
        opener: the class or function that opens a file.
        needs: the module that must be there; empty if it always is.
        package: the package that has this module.
    """

    name: str
    suffixes: tuple[str, ...]
    plugin: str
    opener: str
    needs: str = ""
    package: str = ""

    def is_installed(self) -> bool:
        """Return whether files of this format can be read here."""
        return not self.needs or find_spec(self.needs) is not None


# A plugin is imported for the first file of its format.
_JPEG = FileFormat(
    "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), "PIL.JpegImagePlugin", "jpeg_factory"
)
_PNG = FileFormat("PNG", (".png",), "PIL.PngImagePlugin", "PngImageFile")
_WEBP = FileFormat("WebP", (".webp",), "PIL.WebPImagePlugin", "WebPImageFile")
_GIF = FileFormat("GIF", (".gif",), "PIL.GifImagePlugin", "GifImageFile")
_BMP = FileFormat("BMP", (".bmp",), "PIL.BmpImagePlugin", "BmpImageFile")
_TIFF = FileFormat("TIFF", (".tif", ".tiff"), "PIL.TiffImagePlugin", "TiffImageFile")
_AVIF = FileFormat(
    "AVIF",
    (".avif",),
    "PIL.AvifImagePlugin",
    "AvifImageFile",
    "PIL._avif",
    "'pillow>=11.3'",
)
_HEIC = FileFormat(
    "HEIC",
    (".heic", ".heif", ".hif"),
    "pillow_heif",
    "HeifImageFile",
    "pillow_heif",
    "pillow-heif",
)
_JPEG_XL = FileFormat(
    "JPEG XL",
    (".jxl",),
    "pillow_jxl.JpegXLImagePlugin",
    "JXLImageFile",
    "pillow_jxl",
    "pillow-jxl-plugin",
)
FORMATS = (_JPEG, _PNG, _WEBP, _GIF, _BMP, _TIFF, _AVIF, _HEIC, _JPEG_XL)
IMAGE_SUFFIXES = tuple(suffix for kind in FORMATS for suffix in kind.suffixes)

# The first bytes of a file decide, never its name. `Image.open` is not used: it reads
# 40 formats, runs Ghostscript for one of them, and warns or fails at a limit that can
# be changed only for the entire process.
_SIGNATURES = {
    b"\xff\xd8\xff": _JPEG,
    b"\x89PNG\r\n\x1a\n": _PNG,
    b"RIFF": _WEBP,
    b"GIF8": _GIF,
    b"BM": _BMP,
    b"II*\0": _TIFF,
    b"MM\0*": _TIFF,
    b"II+\0": _TIFF,
    b"MM\0+": _TIFF,
    CODESTREAM: _JPEG_XL,
    BOX_SIGNATURE: _JPEG_XL,
}
# AVIF and HEIC have the same container. Its first box lists what a reader must know.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"msf1"),
}
_START = 256


def open_image(file: IO[bytes], max_pixels: int) -> Image.Image:
    """Open an image file with Pillow, without decoding its pixels yet.

    A JPEG of more than `max_pixels` will be decoded to a half, a quarter or an eighth
    of its size, row by row, so that its full size is never in memory.

    Args:
        file: a file open for reading, at its start.
        max_pixels: the limit for the pixels in memory.

    Raises:
        ImageError: the format is unknown or needs a package that is not installed, or
            the image is too large. Pillow's own errors pass through: the header is
            broken.
    """
    start = file.read(_START)
    if not start:
        raise ImageError("The file is empty", "Copy it again")
    kind = _format_of(start)
    if kind is None:
        raise ImageError(
            "An image must be a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC or JPEG XL "
            "file",
            "Convert it to one of these formats",
            first_bytes=start[:16],
        )
    if not kind.is_installed():
        raise ImageError(
            f"Reading {kind.name} files needs a package that is not installed",
            # Not an extra of this package: there are two distributions of it, and pip
            # would install one over the other.
            f"Run `pip install {kind.package}`",
        )
    if start.startswith(b"MM\0+"):
        # Pillow 13 takes the first bytes of this kind for its own, and then reads the
        # file as if it were no BigTIFF.
        raise ImageError(
            "A BigTIFF must be little-endian",
            "Convert it, for example with `tiffcp -L`",
        )
    file.seek(0)
    if kind is _JPEG_XL:
        # Its plugin decodes the pixels while it opens the file.
        _check_size(*jpeg_xl_size(file.read()), max_pixels)
        file.seek(0)
    image = _open(kind, file, max_pixels)
    if image.width * image.height > max_pixels:
        _shrink_while_decoding(image, file, max_pixels)
    check_size(image, max_pixels)
    return image


def check_size(image: Image.Image, max_pixels: int) -> None:
    """Refuse an image with more pixels than `max_pixels`, or with none."""
    _check_size(*image.size, max_pixels)


def _check_size(width: int, height: int, max_pixels: int) -> None:
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


def _format_of(start: bytes) -> FileFormat | None:
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            return kind
    if start[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[i : i + 4] for i in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return _AVIF
    return _HEIC if brands & _HEIC_BRANDS else None


def _open(kind: FileFormat, file: IO[bytes], max_pixels: int) -> Image.Image:
    try:
        image: Image.Image = getattr(import_module(kind.plugin), kind.opener)(file)
    except Image.DecompressionBombError as error:
        # Pillow checks a WebP file before it allocates the memory.
        raise _too_large(max_pixels, reason=str(error)) from error
    except SyntaxError as error:
        if str(error) != "unknown pixel mode":
            raise
        raise ImageError(
            "A TIFF must have pixels of a kind that Pillow reads",
            "Convert it to 8 bits per channel",
        ) from error
    return image


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
