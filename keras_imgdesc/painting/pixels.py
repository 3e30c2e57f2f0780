"""Conversion between pixels in [-1, 1] and uint8 images."""

from __future__ import annotations

from typing import Any

from keras import ops


def to_uint8(pixels: Any) -> Any:
    """Convert pixels in [-1, 1] to a uint8 image, rounded to nearest.

    Args:
        pixels: float of any shape; values beyond [-1, 1] are clipped.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.pixels import to_uint8
    >>> np.asarray(to_uint8(np.array([-1.0, 0.0, 1.0], "float32")))
    array([  0, 128, 255], dtype=uint8)
    """
    scaled = ops.cast(pixels, "float32") * 127.5 + 127.5
    return ops.cast(ops.floor(ops.clip(scaled + 0.5, 0.0, 255.0)), "uint8")


def to_pixels(image: Any) -> Any:
    """Convert a uint8 image of any shape to float32 pixels in [-1, 1]."""
    return ops.cast(image, "float32") / 127.5 - 1.0
