"""Positions of the words of a caption."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError


@keras.saving.register_keras_serializable("keras_imgdesc")
class CaptionPositions(keras.layers.Layer):
    """Add a fixed vector of sines and cosines for the position of each word.

    Nothing is learned: in a small collection the last positions are too rare for that.

    Args:
        max_length: number of positions.

    Call arguments:
        x: float (captions, words, width), at most `max_length` words.

    Returns:
        Float of the shape of `x`.

    Raises:
        InputError: a caption is longer than `max_length`, if its length is known when
            the graph is built.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.caption_positions import CaptionPositions
    >>> positions = CaptionPositions(max_length=6)
    >>> x = np.zeros((2, 5, 4), "float32")
    >>> np.asarray(positions(x))[0, 0].tolist()
    [0.0, 1.0, 0.0, 1.0]

    Reference:
        Vaswani et al., "Attention Is All You Need", https://arxiv.org/abs/1706.03762
    """

    def __init__(self, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = input_shape[-1]
        assert width is not None
        self._table = sinusoids(self.max_length, width)

    def call(self, x: Any) -> Any:
        if isinstance(x.shape[1], int) and x.shape[1] > self.max_length:
            raise InputError(
                "A caption must not be longer than the decoder's max_length",
                "Shorten the caption, or build the decoder with a larger max_length",
                words=x.shape[1],
                max_length=self.max_length,
            )
        table = ops.convert_to_tensor(self._table, dtype=x.dtype)
        return x + table[: ops.shape(x)[1]]

    def at(self, x: Any, position: Any) -> Any:
        """Add the vectors of given positions.

        Args:
            x: float (rows, width).
            position: int32 (rows,), below `max_length`.
        """
        table = ops.convert_to_tensor(self._table, dtype=x.dtype)
        return x + ops.take(table, position, axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"max_length": self.max_length}


def sinusoids(length: int, width: int) -> np.ndarray:
    """Return sines at even and cosines at odd columns, float32 (length, width).

    The wavelengths grow geometrically from 2 pi to 10,000 times that.
    """
    columns = np.arange(width)
    angles = np.arange(length)[:, None] / 10_000 ** (columns // 2 * 2 / width)
    return np.where(columns % 2, np.cos(angles), np.sin(angles)).astype(np.float32)
