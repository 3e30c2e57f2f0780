"""Attention over the locations of an image and the visual sentinel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class VisualAttention(keras.layers.Layer):
    """Attend to locations with several heads, and to the sentinel as one more slot.

    Args:
        feature_dim: width of keys and values, a multiple of `num_heads`.
        num_heads: number of heads.

    Call arguments:
        hidden: (batch, words, hidden_dim), source of the queries.
        sentinel: (batch, words, hidden_dim), or None for plain attention.
        keys: (images, num_heads, head_dim, locations); the batch may be a multiple of
            the images, with the rows of an image adjacent.
        values: (images, num_heads, head_dim, locations).

    Returns:
        Context (batch, words, feature_dim), and the attention on the locations, float32
        (batch, words, locations), averaged over the heads. It sums to 1 minus the
        attention on the sentinel.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.visual_attention import VisualAttention
    >>> words, keys = np.ones((2, 5, 8), "float32"), np.ones((2, 4, 4, 9), "float32")
    >>> attend = VisualAttention(feature_dim=16, num_heads=4)
    >>> context, attention = attend(words, words, keys, keys)
    >>> tuple(context.shape), tuple(attention.shape)
    ((2, 5, 16), (2, 5, 9))
    """

    def __init__(self, feature_dim: int, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feature_dim = feature_dim
        self.num_heads = num_heads
        self.head_dim = feature_dim // num_heads

    def build(
        self,
        hidden_shape: tuple[int | None, ...],
        sentinel_shape: tuple[int | None, ...] | None = None,
        keys_shape: Any = None,
        values_shape: Any = None,
    ) -> None:
        self.query = keras.layers.Dense(
            self.feature_dim, dtype=self.dtype_policy, name="query"
        )
        self.query.build(hidden_shape)
        self.sentinel_projection = None
        if sentinel_shape is not None:
            self.sentinel_projection = keras.layers.Dense(
                2 * self.feature_dim,
                dtype=self.dtype_policy,
                name="sentinel_projection",
            )
            self.sentinel_projection.build(sentinel_shape)

    def call(self, hidden: Any, sentinel: Any, keys: Any, values: Any) -> Any:
        words, images = ops.shape(hidden)[1], ops.shape(keys)[0]
        query = self._split(self.query(hidden), images)
        scores = ops.matmul(query, keys)
        locations = keys.shape[-1]
        sentinel_value = None
        if self.sentinel_projection is not None:
            projected = self.sentinel_projection(sentinel)
            sentinel_key, sentinel_value = (
                self._split(x, images) for x in ops.split(projected, 2, axis=-1)
            )
            own = ops.sum(query * sentinel_key, axis=-1, keepdims=True)
            scores = ops.concatenate([scores, own], axis=-1)
        # Softmax in float32: bfloat16 has fewer than three decimal digits.
        scores = ops.cast(scores, "float32") * (self.head_dim**-0.5)
        weights = ops.softmax(scores, axis=-1)
        on_image = weights[..., :locations]
        context = ops.matmul(
            ops.cast(on_image, values.dtype), ops.transpose(values, (0, 1, 3, 2))
        )
        if sentinel_value is not None:
            on_sentinel = ops.cast(weights[..., locations:], values.dtype)
            context = context + on_sentinel * sentinel_value
        context = ops.transpose(context, (0, 2, 1, 3))
        context = ops.reshape(context, (-1, words, self.feature_dim))
        attention = ops.reshape(ops.mean(on_image, axis=1), (-1, words, locations))
        return context, attention

    def _split(self, x: Any, images: Any) -> Any:
        """Reshape (batch, words, feature_dim) to (images, num_heads, words, head_dim).

        All captions of an image are joined along the axis of words.
        """
        x = ops.reshape(x, (images, -1, self.num_heads, self.head_dim))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_spec(
        self, hidden: Any, sentinel: Any, keys: Any, values: Any
    ) -> Any:
        batch, words = hidden.shape[:2]
        return (
            keras.KerasTensor((batch, words, self.feature_dim), self.compute_dtype),
            keras.KerasTensor((batch, words, keys.shape[-1]), "float32"),
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "feature_dim": self.feature_dim,
            "num_heads": self.num_heads,
        }
