"""Repetition of image tensors for several captions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class RepeatForCaptions(keras.layers.Layer):
    """Repeat a tensor of images, so that there is one row per caption.

    Call arguments:
        x: (images, width).
        token_ids: (images * k, words); the k captions of an image are adjacent.

    Returns:
        (images * k, width).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.repeat_for_captions import (
    ...     RepeatForCaptions,
    ... )
    >>> x, token_ids = np.array([[1.0], [2.0]]), np.zeros((4, 7), "int32")
    >>> np.asarray(RepeatForCaptions()(x, token_ids))[:, 0].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # It has no weights, and some decoders never call it: Keras would warn of that
        # when a preset is loaded.
        self.built = True

    def call(self, x: Any, token_ids: Any) -> Any:
        images, captions = ops.shape(x)[0], ops.shape(token_ids)[0]
        # The reshape fails if the captions are not a multiple of the images.
        copies = ops.repeat(ops.expand_dims(x, 1), captions // images, axis=1)
        return ops.reshape(copies, (captions, x.shape[-1]))

    def compute_output_spec(self, x: Any, token_ids: Any) -> Any:
        return keras.KerasTensor((token_ids.shape[0], x.shape[-1]), x.dtype)
