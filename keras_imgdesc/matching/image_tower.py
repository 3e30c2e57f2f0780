"""Vectors of an image for f(I, D)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.matching.pair_score import unit_length
from keras_imgdesc.sizes import NumLayers
from keras_imgdesc.text.token_positions import TokenPositions
from keras_imgdesc.text.transformer_block import TransformerBlock


@keras.saving.register_keras_serializable("keras_imgdesc")
class ImageTower(keras.Model):
    """Convert a feature map to a vector of the image and one of each region.

    Input: `{"feature_map": float (batch, rows, columns, channels)}`. Output:
    `{"vector": float32 (batch, embedding_dim), "regions": float32 (batch, regions,
    embedding_dim)}`, all of unit length. The regions are the locations of the map, or
    blocks of `pool_size` x `pool_size` locations.

    Args:
        feature_map_shape: `(rows, columns, channels)`.
        embedding_dim: width of the vectors.
        num_layers: number of `TransformerBlock`s over the regions; 0 projects the
            encoder's output only.
        num_heads: number of attention heads per block.
        dropout: dropout rate of the map's channels, each dropped at all locations, and
            of the blocks, in [0, 1).
        pool_size: side of the max pooling that makes regions of locations. With 2, the
            14 x 14 locations of VGG16 become 7 x 7 regions, as after its last pooling,
            a quarter of the comparisons. 1 does not pool.
        name: name of the Keras model.

    Attributes:
        regions_shape: `(rows, columns)` of the grid of regions.

    Raises:
        InputError: `pool_size` is below 1 or larger than a side of the map, or an
            option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.matching import ImageTower
    >>> tower = ImageTower((3, 3, 8), embedding_dim=16)
    >>> found = tower({"feature_map": np.ones((2, 3, 3, 8), "float32")})
    >>> tuple(found["vector"].shape), tuple(found["regions"].shape)
    ((2, 16), (2, 9, 16))
    """

    def __init__(
        self,
        feature_map_shape: tuple[int, int, int],
        embedding_dim: int,
        num_layers: NumLayers = 1,
        num_heads: int = 4,
        dropout: float = 0.0,
        pool_size: int = 1,
        name: str = "image_tower",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        rows, columns, channels = feature_map_shape
        if not 1 <= pool_size <= min(rows, columns):
            raise InputError(
                "pool_size must be from 1 to the shorter side of the feature map",
                "Use 1 for no pooling",
                pool_size=pool_size,
                feature_map_shape=tuple(feature_map_shape),
            )
        regions_shape = (rows // pool_size, columns // pool_size)

        # === Layers ===
        normalization = keras.layers.LayerNormalization(
            epsilon=1e-5, name="normalization"
        )
        # Entire channels, because single values can be inferred from neighbouring
        # locations.
        channel_dropout = keras.layers.Dropout(
            dropout, noise_shape=(None, 1, channels), name="channel_dropout"
        )
        projection = keras.layers.Dense(embedding_dim, name="projection")
        positions = TokenPositions(name="positions")
        blocks = [
            TransformerBlock(
                num_heads, 2 * embedding_dim, dropout, name=f"block_{index}"
            )
            for index in range(num_layers)
        ]
        norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")
        vector_projection = keras.layers.Dense(embedding_dim, name="vector_projection")
        region_projection = keras.layers.Dense(embedding_dim, name="region_projection")

        # === Functional Model ===
        feature_map = keras.Input(feature_map_shape, name="feature_map")
        x = feature_map
        if pool_size > 1:
            x = keras.layers.MaxPooling2D(
                pool_size, name="pool", data_format="channels_last"
            )(x)
        x = ops.reshape(x, (-1, regions_shape[0] * regions_shape[1], channels))
        x = channel_dropout(normalization(x))
        x = positions(projection(x))
        for block in blocks:
            x = block(x)
        x = norm(x)
        vector = unit_length(vector_projection(ops.mean(x, axis=1)))
        super().__init__(
            inputs={"feature_map": feature_map},
            outputs={
                "vector": vector,
                "regions": unit_length(region_projection(x)),
            },
            name=name,
        )

        # === Config ===
        self.feature_map_shape = tuple(feature_map_shape)
        self.embedding_dim = embedding_dim
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.dropout = dropout
        self.pool_size = pool_size
        self.regions_shape = regions_shape

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "feature_map_shape": list(self.feature_map_shape),
            "embedding_dim": self.embedding_dim,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "pool_size": self.pool_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)
