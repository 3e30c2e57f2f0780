"""Datasets for `ImageCaptioner.fit`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.captioning.caption_preprocessor import CaptionPreprocessor
from keras_imgdesc.data.example_checks import (
    check_dtype,
    check_lengths,
    check_names,
    check_one_caption,
    check_single_caption,
    refuse_pairs,
)
from keras_imgdesc.images import image_array
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.text.known_words import check_known_words


def training_dataset(
    data: Any,
    preprocessor: CaptionPreprocessor,
    batch_size: int,
    shuffle: bool = False,
) -> Any:
    """Convert images with captions to batches to train on.

    Args:
        data: dict of arrays or lists with one example per row, or a `tf.data.Dataset`
            of examples or of batches; see `CaptionPreprocessor` for its entries. In a
            dict, `"image"` may be any images that `load_image` takes.
        preprocessor: converts examples to the model's inputs.
        batch_size: examples per batch, unless `data` is batched.
        shuffle: whether to shuffle arrays, differently in each epoch. A dataset keeps
            its order.

    Returns:
        A `tf.data.Dataset` of `(inputs, token_ids, sample_weight)`. Other data, such as
        None or `(x, y, weights)`, are returned unchanged.

    Raises:
        ImageError: an image cannot be read.
        InputError: an example lacks an image, or has no caption or several; or images
            and captions are not entries of one dict; or no caption has a known word.

    Warns:
        UnknownWordsWarning: more than a tenth of the words of a dict are unknown.
    """
    refuse_pairs(data, "caption")
    check_names(data)
    if isinstance(data, dict) and "caption" in data:
        check_one_caption(data["caption"])
        check_lengths(data)
        rows = {key: _rows(value) for key, value in data.items() if key != "image"}
        if "image" in data:
            rows["image"] = image_array(data["image"], preprocessor.image_size)
        warn_of_cut(preprocessor.tokenizer, rows["caption"], "captions")
        check_known_words(preprocessor.tokenizer, rows["caption"], "captioner")
        count = len(data["caption"])
        data = tf.data.Dataset.from_tensor_slices(rows)
        if shuffle:
            data = data.shuffle(count)
    if not isinstance(data, tf.data.Dataset) or not isinstance(data.element_spec, dict):
        return data
    spec = data.element_spec
    check_dtype(spec)
    check_single_caption(spec)
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
    """Return the `batch_size` argument of `keras.Model.fit`; datasets take none."""
    return {} if hasattr(data, "element_spec") else {"batch_size": batch_size}


def _rows(values: Any) -> Any:
    return tf.constant(values) if isinstance(values, (list, tuple)) else values
