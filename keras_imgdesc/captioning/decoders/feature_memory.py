"""Keys and values of the locations of a feature map."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class FeatureMemory(keras.layers.Layer):
    """Project a feature map to keys and values for attention.

    Each location is normalized over its channels, so that the scale of the encoder does
    not matter, and projected. A learned embedding per location is added; without it a
    decoder could not learn "left of".

    Args:
        feature_dim: width of keys and of values, a multiple of `num_heads`.
        num_heads: number of attention heads.
        dropout: dropout rate of channels, in [0, 1); a channel is dropped at all
            locations.

    Call arguments:
        feature_map: float (batch, rows, columns, channels).

    Returns:
        Keys and values, both (batch, num_heads, head_dim, locations), and the mean of
        the values over the locations, (batch, feature_dim).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.feature_memory import FeatureMemory
    >>> memory = FeatureMemory(feature_dim=16, num_heads=4)
    >>> [tuple(x.shape) for x in memory(np.ones((2, 3, 3, 8), "float32"))]
    [(2, 4, 4, 9), (2, 4, 4, 9), (2, 16)]
    """

    def __init__(
        self,
        feature_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.feature_dim = feature_dim
        self.num_heads = num_heads
        self.dropout = dropout

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, rows, columns, channels = input_shape
        assert rows and columns
        self.locations = rows * columns
        self.normalization = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy, name="normalization"
        )
        self.normalization.build((None, self.locations, channels))
        # Entire channels, because single values can be inferred from neighbouring
        # locations. It also takes far fewer random numbers.
        self.channel_dropout = keras.layers.Dropout(
            self.dropout,
            noise_shape=(None, 1, channels),
            dtype=self.dtype_policy,
            name="channel_dropout",
        )
        # One matrix product for both keys and values.
        self.projection = keras.layers.Dense(
            2 * self.feature_dim, dtype=self.dtype_policy, name="projection"
        )
        self.projection.build((None, self.locations, channels))
        self.location_embedding = self.add_weight(
            shape=(self.locations, 2 * self.feature_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
            name="location_embedding",
        )

    def call(self, feature_map: Any, training: bool = False) -> tuple[Any, Any, Any]:
        channels = feature_map.shape[-1]
        x = ops.reshape(feature_map, (-1, self.locations, channels))
        x = self.channel_dropout(self.normalization(x), training=training)
        x = self.projection(x) + self.location_embedding
        pooled = ops.mean(ops.split(x, 2, axis=-1)[1], axis=1)
        # One transposition for both, in another order than the one in the loop of the
        # search: if the two share a constant, the TFLite converter fails ("operand
        # does not dominate this use").
        head_dim = self.feature_dim // self.num_heads
        x = ops.reshape(x, (-1, self.locations, 2 * self.num_heads, head_dim))
        keys, values = ops.split(ops.transpose(x, (0, 2, 3, 1)), 2, axis=1)
        return keys, values, pooled

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        batch, rows, columns, _ = input_shape
        assert rows and columns
        head_dim = self.feature_dim // self.num_heads
        slots = (batch, self.num_heads, head_dim, rows * columns)
        return slots, slots, (batch, self.feature_dim)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "feature_dim": self.feature_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
        }
