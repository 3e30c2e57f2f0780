"""Attention from the locations of a map to words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.painting.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)


@keras.saving.register_keras_serializable("keras_imgdesc")
class WordAttention(keras.layers.Layer):
    """Let each location of a map attend to the words of a text, and add the result.

    A single sentence vector has to encode which colour belongs to which shape. With
    attention, the location where an object is painted reads the words themselves.

    Call arguments:
        x: float (batch, side, side, channels).
        words: float (batch, words, dim); a word of zeros is padding.
        condition: float (batch, condition_dim), condition of the normalization of what
            is added.

    Returns:
        Same shape and dtype as `x`.

    Args:
        num_heads: number of attention heads.
        key_dim: width of the queries and keys of a head.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import WordAttention
    >>> found = WordAttention()(
    ...     np.zeros((2, 8, 8, 6)), np.ones((2, 5, 4)), np.ones((2, 3)))
    >>> tuple(found.shape)
    (2, 8, 8, 6)

    Reference:
        Xu et al., "AttnGAN: Fine-Grained Text to Image Generation with Attentional
        Generative Adversarial Networks", https://arxiv.org/abs/1711.10485
    """

    def __init__(self, num_heads: int = 2, key_dim: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim

    def build(self, x_shape: Any, words_shape: Any, condition_shape: Any) -> None:
        batch, height, width, channels = x_shape
        self.attention = keras.layers.MultiHeadAttention(
            self.num_heads,
            self.key_dim,
            value_dim=max(1, channels // self.num_heads),
            # The normalization that follows has a shift.
            use_bias=False,
            dtype=self.dtype_policy,
            name="attention",
        )
        self.attention.build((batch, height * width, channels), words_shape)
        self.norm = ConditionalBatchNormalization(dtype=self.dtype_policy, name="norm")
        self.norm.build(x_shape, condition_shape)

    def call(
        self, x: Any, words: Any, condition: Any, training: bool | None = None
    ) -> Any:
        _, height, width, channels = x.shape
        is_word = ops.any(ops.not_equal(words, 0), axis=-1)
        # Asking for scores avoids JAX's fused attention, which needs values as wide as
        # keys.
        found, _ = self.attention(
            ops.reshape(x, (-1, height * width, channels)),
            words,
            attention_mask=is_word[:, None, :],
            training=training,
            return_attention_scores=True,
        )
        found = ops.reshape(found, (-1, height, width, channels))
        return x + self.norm(found, condition, training=training)

    def compute_output_spec(
        self, x: Any, words: Any, condition: Any, training: bool | None = None
    ) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"num_heads": self.num_heads, "key_dim": self.key_dim}
        return super().get_config() | own
