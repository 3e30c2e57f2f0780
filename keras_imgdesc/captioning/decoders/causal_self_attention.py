"""Attention of the words of a caption to those before them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.text.transformer_block import hide


@keras.saving.register_keras_serializable("keras_imgdesc")
class CausalSelfAttention(keras.layers.Layer):
    """Attend to a word and to those before it, for all words at once or for one.

    Args:
        num_heads: number of attention heads, a divisor of the width.

    Call arguments:
        x: float (captions, words, width).

    Returns:
        Float of the shape of `x`. Each word depends only on itself and on those before
        it.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.causal_self_attention import (
    ...     CausalSelfAttention,
    ... )
    >>> tuple(CausalSelfAttention(num_heads=2)(np.ones((2, 5, 8), "float32")).shape)
    (2, 5, 8)
    """

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        width = input_shape[-1]
        assert width is not None
        self.width, self.head_dim = width, width // self.num_heads
        # Query, key and value as one matrix product.
        self.projection = keras.layers.Dense(
            3 * width, dtype=self.dtype_policy, name="projection"
        )
        self.output_layer = keras.layers.Dense(
            width, dtype=self.dtype_policy, name="output"
        )
        self.projection.build(input_shape)
        self.output_layer.build(input_shape)

    def call(self, x: Any) -> Any:
        words = ops.shape(x)[1]
        joined = ops.reshape(
            self.projection(x), (-1, words, 3 * self.num_heads, self.head_dim)
        )
        query, keys, values = ops.split(ops.transpose(joined, (0, 2, 1, 3)), 3, axis=1)
        place = ops.arange(words, dtype="int32")
        context = self._attend(
            query,
            ops.transpose(keys, (0, 1, 3, 2)),
            values,
            place[None, :] <= place[:, None],
        )
        context = ops.transpose(context, (0, 2, 1, 3))
        return self.output_layer(ops.reshape(context, (-1, words, self.width)))

    def advance(self, x: Any, keys: Any, values: Any, position: Any) -> Any:
        """Attend from one word to it and to the words before it.

        Args:
            x: float (rows, width).
            keys: of the words before, (rows, num_heads, head_dim, max_length).
            values: of the words before, (rows, num_heads, max_length, head_dim).
            position: index of the word, int32 (rows,).

        Returns:
            Float of the shape of `x`, and keys and values with those of the word at
            its position.
        """
        joined = ops.reshape(
            self.projection(x), (-1, 3 * self.num_heads, self.head_dim)
        )
        query, key, value = ops.split(joined, 3, axis=1)
        # Written by comparison, not by an index of computed shape: see search/decoding.
        place = ops.arange(keys.shape[-1], dtype="int32")
        here = ops.equal(place, position[:, None])
        keys = ops.where(here[:, None, None, :], key[..., None], keys)
        values = ops.where(here[:, None, :, None], value[:, :, None, :], values)
        is_read = (place <= position[:, None])[:, None, None, :]
        context = self._attend(query[:, :, None, :], keys, values, is_read)
        context = self.output_layer(ops.reshape(context, (-1, self.width)))
        return context, keys, values

    def _attend(self, query: Any, keys: Any, values: Any, is_read: Any) -> Any:
        # Softmax in float32: bfloat16 has fewer than three decimal digits.
        scores = ops.cast(ops.matmul(query, keys), "float32") * (self.head_dim**-0.5)
        weights = ops.softmax(scores + hide(is_read), axis=-1)
        return ops.matmul(ops.cast(weights, values.dtype), values)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_heads": self.num_heads}
