"""What `ImageCaptioner.fit` makes of pictures with captions."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor


def training_dataset(
    data: Any,
    preprocessor: CaptionPreprocessor,
    batch_size: int,
    shuffle: bool = False,
) -> Any:
    """Makes batches to train on of examples; other data stay as they are.

    Args:
        data: a dict of arrays or lists, one example each row, or a
            `tf.data.Dataset` of examples or batches of them; see
            `CaptionPreprocessor`. Anything else, None and `(x, y, weights)` among
            it, is returned.
        preprocessor: makes the model's inputs.
        batch_size: examples in a batch, where they are not batched.
        shuffle: shuffle arrays, anew each time; a data set has its own order.
    """
    if isinstance(data, dict) and "caption" in data:
        data = {key: _rows(value) for key, value in data.items()}
        count = len(data["caption"])
        data = tf.data.Dataset.from_tensor_slices(data)
        if shuffle:
            data = data.shuffle(count)
    if not isinstance(data, tf.data.Dataset) or not isinstance(data.element_spec, dict):
        return data
    spec = data.element_spec
    is_batched = (
        spec["caption"].shape.rank == 1
        if "caption" in spec
        else "token_ids" in spec and spec["token_ids"].shape.rank == 2
    )
    data = data.map(preprocessor, num_parallel_calls=tf.data.AUTOTUNE)
    if not is_batched:
        data = data.batch(batch_size)
    return data.prefetch(tf.data.AUTOTUNE)


def batching(data: Any, batch_size: int) -> dict[str, int]:
    """What `fit` must be told of batches: a data set has its own."""
    return {} if hasattr(data, "element_spec") else {"batch_size": batch_size}


def _rows(values: Any) -> Any:
    return tf.constant(values) if isinstance(values, (list, tuple)) else values
