"""Several captions of one image."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class RepeatForCaptions(keras.layers.Layer):
    """Gives each caption what was computed once for its image.

    Call arguments:
        x: (images, width).
        token_ids: (images * k, words); rows of an image follow each other.

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

    def call(self, x: Any, token_ids: Any) -> Any:
        images, captions = ops.shape(x)[0], ops.shape(token_ids)[0]
        # A reshape refuses numbers that do not fit; the image comes first.
        copies = ops.repeat(ops.expand_dims(x, 1), captions // images, axis=1)
        return ops.reshape(copies, (captions, x.shape[-1]))

    def compute_output_spec(self, x: Any, token_ids: Any) -> Any:
        return keras.KerasTensor((token_ids.shape[0], x.shape[-1]), x.dtype)
