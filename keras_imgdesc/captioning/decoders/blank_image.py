"""A blank feature map for captions without images."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class BlankImage(keras.layers.Layer):
    """Return the feature map of one blank image, which all captions share.

    Args:
        feature_map_shape: `(rows, columns, channels)`.

    Call arguments:
        token_ids: any tensor; ignored.

    Returns:
        Zeros, (1, rows, columns, channels).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.blank_image import BlankImage
    >>> tuple(BlankImage((2, 2, 8))(np.ones((3, 5), "int32")).shape)
    (1, 2, 2, 8)
    """

    def __init__(self, feature_map_shape: tuple[int, int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feature_map_shape = tuple(feature_map_shape)

    def call(self, token_ids: Any) -> Any:
        return ops.zeros((1, *self.feature_map_shape), dtype=self.compute_dtype)

    def compute_output_spec(self, token_ids: Any) -> Any:
        return keras.KerasTensor((1, *self.feature_map_shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"feature_map_shape": self.feature_map_shape}
