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
from keras_imgdesc.images.arrays import from_array
from keras_imgdesc.images.damage import (
    check_on_damaged,
    damage_of,
    forms_of,
    mark,
    report_damage,
)
from keras_imgdesc.images.file_formats import MAX_PIXELS, check_size, open_image
from keras_imgdesc.images.gif_structure import check_colours
from keras_imgdesc.images.sources import SupportsArray, image_name, plain_source
from keras_imgdesc.images.upright import UprightImage

ImageSource: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | IO[bytes]
    | Image.Image
    | SupportsArray
)


def load_image(
    source: ImageSource, *, max_pixels: int = MAX_PIXELS, on_damaged: str = "warn"
) -> np.ndarray:
    """Load an image as upright RGB.

    JPEG, PNG, WebP, GIF (the first frame), BMP, TIFF and AVIF files in any colour mode
    are recognized by their content, not their name; so are HEIC and JPEG XL, if
    `pillow-heif` and `pillow-jxl-plugin` are installed. The orientation in EXIF, or in
    XMP if EXIF has none, is applied (of AVIF and HEIC that of the container),
    transparency becomes white (in a GIF black, as in TensorFlow), 16 bits become 8. A
    JPEG gives the same pixels as
    `tf.io.decode_jpeg(channels=3, dct_method="INTEGER_ACCURATE")`.

    Args:
        source: a path, the bytes of a file, a file object that is open in binary mode,
            a Pillow image, or a uint8 array (height, width), (height, width, 1),
            (height, width, 3) or, with alpha, (height, width, 4). A tensor of any
            library counts as an array; one string in it is a path, or the content of a
            file. A file object is read from its start, or onward from where it is if
            it has no `seek`, and stays open.
        max_pixels: larger images are refused, except that a JPEG is read at a half, a
            quarter or an eighth of its size if that fits. An image of the default size
            takes 1.3 GB while it is read.
        on_damaged: what to do with an image some of whose data are missing: `"warn"`
            and read what there is, or `"refuse"` it. See docs/describe.md for what is
            noticed.

    Returns:
        uint8 (height, width, 3), RGB, upright.

    Raises:
        ImageError: the image does not exist or is broken, too large or so incomplete
            that it cannot be read. The message names the file.
        InputError: `on_damaged` is something else.

    Warns:
        DamagedImageWarning: data of the image are missing.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import load_image
    >>> load_image(np.zeros((4, 6), "uint8")).shape
    (4, 6, 3)
    """
    check_on_damaged(on_damaged)
    image = open_upright(source, max_pixels=max_pixels)
    report_damage(source, image.damage, on_damaged)
    with named_source(source):
        return mark(image.whole(), image.damage)


def open_upright(source: ImageSource, *, max_pixels: int = MAX_PIXELS) -> UprightImage:
    """Load an image as `load_image` does, to be converted part by part.

    A photograph of 12 megapixels then takes 48 MB instead of 84 MB. What is missing of
    a damaged image is in its attribute `damage`.

    Args:
        source, max_pixels: as in `load_image`.

    Raises:
        ImageError: as in `load_image`.
    """
    with named_source(source):
        return _open(source, max_pixels)


@contextmanager
def named_source(source: object) -> Iterator[None]:
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
    # A tensor has no `astype`, or another one.
    name = "array" if isinstance(source, np.ndarray) else "np.asarray(image)"
    source = plain_source(source)
    if isinstance(source, np.ndarray):
        return UprightImage(from_array(source, name), damage_of(source))
    if isinstance(source, Image.Image):
        check_size(source, max_pixels)
        return UprightImage(source)
    with _open_file(source) as file:
        return _first_readable(forms_of(file), max_pixels)


def _first_readable(
    forms: Iterator[tuple[IO[bytes], str]], max_pixels: int
) -> UprightImage:
    failure: Exception | None = None
    for form, damage in forms:
        try:
            image = open_image(form, max_pixels)
            if image.format == "GIF":
                check_colours(image, form)
            return UprightImage(image, damage)
        except ImageError:
            raise
        except Exception as error:
            failure = error
    assert failure is not None
    raise failure


def _open_file(source: object) -> IO[bytes]:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            "An image must be a path, bytes, an open file, a Pillow image or a uint8 "
            "array",
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
