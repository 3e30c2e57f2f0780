"""Resizing images, the same way everywhere in the package."""

from __future__ import annotations

from typing import overload

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.arrays import uint8_remedy


@overload
def resize_image(
    image: np.ndarray, image_size: int | tuple[int, int]
) -> np.ndarray: ...
@overload
def resize_image(image: tf.Tensor, image_size: int | tuple[int, int]) -> tf.Tensor: ...
def resize_image(
    image: np.ndarray | tf.Tensor, image_size: int | tuple[int, int]
) -> np.ndarray | tf.Tensor:
    """Stretch an image to a size, the same way in Python and in a graph.

    The resize is bilinear with anti-aliasing, rounded to uint8; the aspect ratio is
    not kept. An image that already has the size is returned unchanged.

    Args:
        image: uint8 (height, width, channels) or (batch, height, width, channels), an
            array, or a tensor whose height and width may be unknown.
        image_size: (height, width) in pixels, or one number for both.

    Returns:
        uint8 of the new size, an array for an array, a tensor for a tensor.

    Raises:
        InputError: the image is not uint8 or has another shape, or the size is not
            positive.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import resize_image
    >>> resize_image(np.zeros((40, 30, 3), "uint8"), (20, 20)).shape
    (20, 20, 3)
    """
    height, width = check_image_size(image_size)
    shape = tuple(image.shape)
    if image.dtype != np.uint8 or len(shape) not in (3, 4):
        raise InputError(
            "An image must be uint8 of shape (height, width, channels), or a batch",
            _remedy(image),
            shape=shape,
            dtype=str(image.dtype),
        )
    if shape[-3:-1] == (height, width):
        return image
    if tf.is_tensor(image):
        return _resize(image, height, width)
    # The operation has no GPU kernel: pixels would be copied there and back.
    with tf.device("CPU"):
        resized: np.ndarray = _resize(image, height, width).numpy()
    return resized


def _remedy(image: np.ndarray | tf.Tensor) -> str:
    if image.dtype == np.uint8 or image.dtype == tf.string:
        return "Load it with `load_image`"
    return uint8_remedy(image if isinstance(image, np.ndarray) else None)


def check_image_size(image_size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) in pixels for one positive integer or two.

    Raises:
        InputError: `image_size` is something else.
    """
    sides = (image_size, image_size) if isinstance(image_size, int) else image_size
    if len(sides) != 2 or not all(int(side) == side and side > 0 for side in sides):
        raise InputError(
            "`image_size` must be a positive number of pixels, or (height, width)",
            "Use for example 224 or (224, 224)",
            image_size=image_size,
        )
    return int(sides[0]), int(sides[1])


def _resize(image: np.ndarray | tf.Tensor, height: int, width: int) -> tf.Tensor:
    pixels = tf.image.resize(image, (height, width), "bilinear", antialias=True)
    return tf.saturate_cast(tf.round(pixels), tf.uint8)
