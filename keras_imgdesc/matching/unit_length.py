"""Vectors of unit length."""

from __future__ import annotations

from typing import Any

from keras import ops


def unit_length(x: Any) -> Any:
    """Divides vectors by their length; one of zeros stays one.

    Args:
        x: float (..., width).

    Returns:
        float32 of the same shape.

    Example:

    >>> from keras_imgdesc.matching.unit_length import unit_length
    >>> [round(float(value), 2) for value in unit_length([[3.0, 4.0]])[0]]
    [0.6, 0.8]
    """
    x = ops.cast(x, "float32")
    squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
    # Not ops.norm: its gradient at zero is no number.
    return x * ops.rsqrt(ops.maximum(squares, 1e-12))
