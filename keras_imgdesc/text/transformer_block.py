"""The Transformer block of text encoders and image towers."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and a feed-forward network, both with pre-normalization.

    Args:
        num_heads: number of attention heads, a divisor of the width.
        feed_forward_dim: hidden width of the feed-forward network.
        dropout: dropout rate of both branches.

    Call arguments:
        x: float (batch, slots, width), with a fixed number of slots.
        is_read: bool (batch, slots), False for slots that get no attention; None means
            that all slots do.

    Returns:
        Float of the shape of `x`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.text.transformer_block import TransformerBlock
    >>> block = TransformerBlock(num_heads=2, feed_forward_dim=16)
    >>> tuple(block(np.ones((2, 5, 8), "float32")).shape)
    (2, 5, 8)

    Reference:
        Xiong et al., "On Layer Normalization in the Transformer Architecture",
        https://arxiv.org/abs/2002.04745
    """

    def __init__(
        self,
        num_heads: int,
        feed_forward_dim: int,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.feed_forward_dim = feed_forward_dim
        self.dropout = dropout

    def build(self, x_shape: tuple[int | None, ...], is_read_shape: Any = None) -> None:
        width = x_shape[-1]
        assert width is not None
        self.width = width

        def dense(units: int, name: str, fan_in: int, **kwargs: Any) -> Any:
            layer = keras.layers.Dense(
                units, dtype=self.dtype_policy, name=name, **kwargs
            )
            layer.build((None, None, fan_in))
            return layer

        def norm(name: str) -> Any:
            layer = keras.layers.LayerNormalization(
                epsilon=1e-5, dtype=self.dtype_policy, name=name
            )
            layer.build((None, None, width))
            return layer

        self.attention_norm = norm("attention_norm")
        # Query, key and value as one matrix product.
        self.projection = dense(3 * width, "projection", width)
        self.attention_output = dense(width, "attention_output", width)
        self.feed_forward_norm = norm("feed_forward_norm")
        self.hidden = dense(self.feed_forward_dim, "hidden", width, activation="relu")
        self.output_layer = dense(width, "output", self.feed_forward_dim)
        self.dropout_layer = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="dropout"
        )

    def call(self, x: Any, is_read: Any = None, training: bool = False) -> Any:
        attended = self._attend(self.attention_norm(x), is_read)
        x = x + self.dropout_layer(attended, training=training)
        forward = self.output_layer(self.hidden(self.feed_forward_norm(x)))
        return x + self.dropout_layer(forward, training=training)

    def _attend(self, x: Any, is_read: Any) -> Any:
        slots, head_dim = x.shape[1], self.width // self.num_heads
        joined = ops.reshape(
            self.projection(x), (-1, slots, 3 * self.num_heads, head_dim)
        )
        query, key, value = ops.split(ops.transpose(joined, (0, 2, 1, 3)), 3, axis=1)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        # Softmax in float32: bfloat16 keeps less than three digits.
        scores = ops.cast(scores, "float32") * (head_dim**-0.5)
        if is_read is not None:
            scores = scores + hide(is_read)[:, None, None, :]
        weights = ops.cast(ops.softmax(scores, axis=-1), value.dtype)
        context = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return self.attention_output(ops.reshape(context, (-1, slots, self.width)))

    def compute_output_shape(self, x_shape: Any, is_read_shape: Any = None) -> Any:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_heads": self.num_heads,
            "feed_forward_dim": self.feed_forward_dim,
            "dropout": self.dropout,
        }


def hide(mask: Any) -> Any:
    """Return an addend to scores that makes a softmax ignore slots.

    Args:
        mask: bool of any shape, False at the slots to ignore.

    Returns:
        float32 of the same shape: 0 where `mask` is True, otherwise far below any
        score.
    """
    return (ops.cast(mask, "float32") - 1.0) * 1e9
