"""Learned position embeddings."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class TokenPositions(keras.layers.Layer):
    """Add a learned vector for each position.

    Call arguments:
        x: float (batch, positions, width), with a fixed number of positions.

    Returns:
        Float of the shape of `x`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.text.token_positions import TokenPositions
    >>> tuple(TokenPositions()(np.ones((2, 5, 8), "float32")).shape)
    (2, 5, 8)
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.table = self.add_weight(
            shape=input_shape[1:],
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="table",
        )

    def call(self, x: Any) -> Any:
        return x + ops.cast(self.table, x.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
