"""Arrays as images."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.errors import ImageError

_FRACTIONS = "For floats from 0 to 1: `np.rint({array} * 255).astype('uint8')`"
_INTEGRAL = (
    "For values from 0 to 255, as `keras.utils.img_to_array` returns them: "
    '`{array}.astype("uint8")`'
)


def uint8_remedy(array: Any = None, name: str = "array") -> str:
    """Return how to convert an array that is not uint8.

    Args:
        array: the array; None if its values are not known yet, as in a graph.
        name: what the array is in the code, such as `np.asarray(image)` for a tensor.
    """
    return _remedy(array).format(array=name)


def _remedy(array: Any) -> str:
    if array is None or not array.size or array.dtype.kind in "USOTc":
        return f"{_FRACTIONS}. {_INTEGRAL}"
    if array.dtype == bool:
        return 'For False and True: `{array}.astype("uint8") * 255`'
    low, high = array.min(), array.max()
    if array.dtype.kind not in "iu" and low >= 0 and high <= 1:
        return _FRACTIONS
    if low >= 0 and high <= 255:
        return _INTEGRAL
    if array.dtype == np.uint16:
        return 'For 16 bits: `({array} >> 8).astype("uint8")`'
    return (
        "Undo the scaling of its values, so that they are from 0 to 255; then: "
        '`{array}.astype("uint8")`'
    )


def from_array(array: np.ndarray, name: str = "array") -> np.ndarray | Image.Image:
    """Return an array as uint8 (height, width, 3), or as a Pillow image with alpha.

    Args:
        array: uint8 (height, width), (height, width, 1), (height, width, 3) or
            (height, width, 4).
        name: what an error calls it in code.

    Raises:
        ImageError: it has another dtype or shape.
    """
    if array.dtype != np.uint8:
        raise ImageError(
            "An array must be uint8, with values from 0 to 255",
            uint8_remedy(array, name),
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
