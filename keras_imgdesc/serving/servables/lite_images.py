"""Images of requests, read as LiteRT needs them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.lite.resizing import read_stretched, stretch
from keras_imgdesc.serving.rest_error import invalid
from keras_imgdesc.serving.tensor_spec import TensorSpec

NO_IMAGES = "There must be at least one image. Received: an empty batch"
EMPTY = "The image has no bytes. Received: an empty string. Send the file's content."
BASE64 = (
    "An image must be the bytes of a file. Received: text that looks like base64. "
    'Decode it first; in a REST request write {"b64": "..."}, in the standard alphabet '
    "with + and /."
)
# How files of known formats begin in base64, standard and web-safe, and data URLs.
_ENCODED = (
    *(b"/9j/", b"_9j_", b"iVBORw0KGgo", b"R0lGOD"),
    *(b"Qk0", b"Qk1", b"Qk2", b"Qk3", b"UklGR", b"SUkqA", b"TU0AK", b"data:image/"),
)


ABOUT_IMAGES = {
    "error": TensorSpec("string", (None,)),
    "damaged": TensorSpec("bool", (None,)),
}


class LiteImages:
    """Read the images of a request; a broken one does not affect the others.

    Args:
        contents: the contents of image files, bytes (images,) as objects.
        size: side of the square that images are stretched to, in pixels.
        max_pixels: larger images are refused, see `load_image`.

    Attributes:
        errors: an error message for each image, bytes (images,) as objects; empty
            where there is none.
        damaged: whether data of each image are missing although it can be read, bool
            (images,).

    Raises:
        RestError: there is no image.
    """

    def __init__(
        self, contents: np.ndarray, size: int, max_pixels: int = MAX_PIXELS
    ) -> None:
        if not len(contents):
            raise invalid(NO_IMAGES)
        self.errors = np.full(len(contents), b"", object)
        self.damaged = np.zeros(len(contents), bool)
        self._contents, self._size, self._max_pixels = contents, size, max_pixels

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the index and the pixels of each image that can be read.

        Pixels are uint8 (size, size, 3). One image at a time is in memory.
        """
        for index, content in enumerate(self._contents):
            try:
                pixels, damage = self._read(content)
                self.damaged[index] = bool(damage)
                yield index, pixels
            except ImageError as error:
                self.errors[index] = str(error).encode("utf-8", "replace")

    @property
    def about(self) -> dict[str, np.ndarray]:
        """The outputs that say how the images could be read."""
        return {"error": self.errors, "damaged": self.damaged}

    def _read(self, content: bytes) -> tuple[np.ndarray, str]:
        if not content:
            raise ImageError(EMPTY, "")
        if content.startswith(_ENCODED):
            raise ImageError(BASE64, "")
        size = (self._size, self._size)
        return read_stretched(content, size, max_pixels=self._max_pixels)


def stretched_arrays(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield images of a request as uint8 (size, size, 3).

    Args:
        images: uint8 (images, height, width, 3).
        size: side of the square that they are stretched to, in pixels.

    Raises:
        RestError: there is no image, or none of its pixels.
    """
    if not images.size:
        raise invalid(NO_IMAGES)
    for image in images:
        yield stretch(image, (size, size))
