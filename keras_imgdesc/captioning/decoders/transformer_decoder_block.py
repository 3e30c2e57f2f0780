"""The block of the Transformer decoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.decoders.causal_self_attention import CausalSelfAttention
from keras_imgdesc.captioning.decoders.visual_attention import VisualAttention


@keras.saving.register_keras_serializable("keras_imgdesc")
class TransformerDecoderBlock(keras.layers.Layer):
    """Attention to the words before, attention to the image, feed-forward network.

    Each is a branch with pre-normalization.

    Args:
        num_heads: number of attention heads, a divisor of the width.
        feature_dim: width of the image's keys and values.
        feed_forward_dim: hidden width of the feed-forward network.
        dropout: dropout rate of the branches.

    Call arguments:
        x: float (captions, words, width).
        keys: of the images, (images, num_heads, head_dim, locations); there may be
            several captions per image, which are adjacent.
        values: of the images, (images, num_heads, head_dim, locations).

    Returns:
        Float of the shape of `x`, and the attention on the locations, float32
        (captions, words, locations), averaged over the heads.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.transformer_decoder_block import (
    ...     TransformerDecoderBlock,
    ... )
    >>> block = TransformerDecoderBlock(2, feature_dim=8, feed_forward_dim=16)
    >>> words, keys = np.ones((2, 5, 6), "float32"), np.ones((2, 2, 4, 9), "float32")
    >>> [tuple(x.shape) for x in block(words, keys, keys)]
    [(2, 5, 6), (2, 5, 9)]

    Reference:
        Vaswani et al., "Attention Is All You Need", https://arxiv.org/abs/1706.03762;
        Xiong et al., "On Layer Normalization in the Transformer Architecture",
        https://arxiv.org/abs/2002.04745
    """

    def __init__(
        self,
        num_heads: int,
        feature_dim: int,
        feed_forward_dim: int,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.feature_dim = feature_dim
        self.feed_forward_dim = feed_forward_dim
        self.dropout = dropout

    def build(
        self,
        x_shape: tuple[int | None, ...],
        keys_shape: Any = None,
        values_shape: Any = None,
    ) -> None:
        width, policy = x_shape[-1], self.dtype_policy

        def built(layer: Any, fan_in: int | None) -> Any:
            layer.build((None, None, fan_in))
            return layer

        def norm(name: str) -> Any:
            layer = keras.layers.LayerNormalization(
                epsilon=1e-5, dtype=policy, name=name
            )
            return built(layer, width)

        def dense(units: int | None, fan_in: int | None, name: str, **kwargs: Any):
            layer = keras.layers.Dense(units, dtype=policy, name=name, **kwargs)
            return built(layer, fan_in)

        self.word_norm = norm("word_norm")
        self.word_attention = built(
            CausalSelfAttention(self.num_heads, dtype=policy, name="word_attention"),
            width,
        )
        self.image_norm = norm("image_norm")
        self.image_attention = VisualAttention(
            self.feature_dim, self.num_heads, dtype=policy, name="image_attention"
        )
        self.image_attention.build(x_shape)
        self.image_output = dense(width, self.feature_dim, "image_output")
        self.forward_norm = norm("forward_norm")
        self.hidden = dense(self.feed_forward_dim, width, "hidden", activation="relu")
        self.output_layer = dense(width, self.feed_forward_dim, "output")
        self.dropout_layer = keras.layers.Dropout(
            self.dropout, dtype=policy, name="dropout"
        )

    def call(self, x: Any, keys: Any, values: Any, training: bool = False) -> Any:
        def drop(branch: Any) -> Any:
            return self.dropout_layer(branch, training=training)

        x = x + drop(self.word_attention(self.word_norm(x)))
        context, attention = self.image_attention(
            self.image_norm(x), None, keys, values
        )
        x = x + drop(self.image_output(context))
        return x + drop(self._feed_forward(x)), attention

    def advance(
        self,
        x: Any,
        beams: int,
        image: tuple[Any, Any],
        past: tuple[Any, Any],
        position: Any,
    ) -> tuple[Any, Any, tuple[Any, Any]]:
        """Read one word per beam.

        Args:
            x: float (batch * beams, width).
            beams: number of beams of an image.
            image: keys and values of the images.
            past: keys and values of the words before, see `CausalSelfAttention`.
            position: index of the word, int32 (batch * beams,).

        Returns:
            Float of the shape of `x`; attention, float32 (batch, beams, locations); and
            `past` with the word.
        """
        branch, *past = self.word_attention.advance(self.word_norm(x), *past, position)
        x = x + branch
        query = ops.reshape(self.image_norm(x), (-1, beams, x.shape[-1]))
        context, attention = self.image_attention(query, None, *image)
        x = x + self.image_output(ops.reshape(context, (-1, self.feature_dim)))
        return x + self._feed_forward(x), attention, tuple(past)

    def _feed_forward(self, x: Any) -> Any:
        return self.output_layer(self.hidden(self.forward_norm(x)))

    def compute_output_spec(
        self, x: Any, keys: Any, values: Any, training: bool = False
    ) -> Any:
        shape = (*x.shape[:2], keys.shape[-1])
        return (
            keras.KerasTensor(x.shape, self.compute_dtype),
            keras.KerasTensor(shape, "float32"),
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_heads": self.num_heads,
            "feature_dim": self.feature_dim,
            "feed_forward_dim": self.feed_forward_dim,
            "dropout": self.dropout,
        }
