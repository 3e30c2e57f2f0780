"""Loading one image as upright RGB."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.file_formats import MAX_PIXELS, check_size, open_image
from keras_imgdesc.images.upright import UprightImage

ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | np.ndarray
)


def load_image(source: ImageSource, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Load an image as upright RGB.

    JPEG, PNG, WebP, GIF (the first frame), BMP and TIFF files in any colour mode are
    recognized by their content, not their name. The EXIF orientation is applied,
    transparency becomes white (in a GIF black, as in TensorFlow), 16 bits become 8. A
    JPEG gives the same pixels as
    `tf.io.decode_jpeg(channels=3, dct_method="INTEGER_ACCURATE")`.

    Args:
        source: a path, the bytes of a file, a Pillow image, or a uint8 array
            (height, width), (height, width, 1), (height, width, 3) or, with alpha,
            (height, width, 4).
        max_pixels: larger images are refused, except that a JPEG is read at a half, a
            quarter or an eighth of its size if that fits. An image of the default size
            takes 1.3 GB while it is read.

    Returns:
        uint8 (height, width, 3), RGB, upright.

    Raises:
        ImageError: the image does not exist or is broken, incomplete or too large. The
            message names the file.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import load_image
    >>> load_image(np.zeros((4, 6), "uint8")).shape
    (4, 6, 3)
    """
    with _named(source):
        return _open(source, max_pixels).whole()


def open_upright(source: ImageSource, *, max_pixels: int = MAX_PIXELS) -> UprightImage:
    """Load an image as `load_image` does, to be converted part by part.

    A photograph of 12 megapixels then takes 48 MB instead of 84 MB.

    Args:
        source, max_pixels: as in `load_image`.

    Raises:
        ImageError: as in `load_image`.
    """
    with _named(source):
        return _open(source, max_pixels)


@contextmanager
def _named(source: object) -> Iterator[None]:
    """Name the image in every error."""
    try:
        yield
    except ImageError as error:
        raise ImageError(
            error.rule, error.remedy, image=image_name(source), **error.received
        ) from error.__cause__
    # With a broken file, Pillow and its C libraries raise nearly any exception. The
    # file is the cause, and the other files of a batch must not suffer.
    except Exception as error:
        raise ImageError(
            "The image is broken or incomplete",
            "Copy it again, or open and save it in an image editor",
            image=image_name(source),
            reason=f"{type(error).__name__}: {error}",
        ) from error


def _open(source: ImageSource, max_pixels: int) -> UprightImage:
    if isinstance(source, np.ndarray):
        return UprightImage(_from_array(source))
    if isinstance(source, Image.Image):
        check_size(source, max_pixels)
        return UprightImage(source)
    with _open_file(source) as file:
        return UprightImage(open_image(file, max_pixels))


def image_name(source: object) -> object:
    """Return what an error calls an image: its path, or what else it is."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    if isinstance(source, np.ndarray):
        return f"{source.dtype} array of shape {source.shape}"
    if isinstance(source, bytes | bytearray | memoryview):
        return f"{len(source)} bytes"
    return source


def _open_file(source: object) -> IO[bytes]:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            "An image must be a path, bytes, a Pillow image or a uint8 array",
            "Pass one of these",
            type=type(source).__name__,
        )
    path = Path(source)
    if path.is_dir():
        raise ImageError(
            "An image must be a file, not a directory",
            "Use `list_images` for the images in it",
        )
    # Opening a pipe would block forever, and a device has no end.
    if path.exists() and not path.is_file():
        raise ImageError("An image must be an ordinary file", "Pass its bytes")
    try:
        return open(path, "rb")
    except FileNotFoundError as error:
        raise ImageError("There is no such file", "Check the path") from error
    except OSError as error:
        raise ImageError(
            "The file must be readable", "Check its permissions", reason=error.strerror
        ) from error


def _from_array(array: np.ndarray) -> np.ndarray | Image.Image:
    if array.dtype != np.uint8:
        raise ImageError(
            "An array must be uint8, with values from 0 to 255",
            "For floats from 0 to 1: `np.rint(array * 255).astype('uint8')`",
        )
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise ImageError(
            "An array must have the shape (height, width), (height, width, 1), "
            "(height, width, 3) or (height, width, 4), and no side of 0",
            "Pass the images of a batch one at a time, channels last",
        )
    if array.shape[-1] == 4:
        return Image.fromarray(np.ascontiguousarray(array))
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))
