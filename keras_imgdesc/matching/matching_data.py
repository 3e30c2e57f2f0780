"""Datasets for `ImageTextMatcher.fit`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.data.example_checks import (
    check_entries,
    check_lengths,
    check_names,
    check_same_number,
    check_spec,
    refuse_pairs,
)
from keras_imgdesc.images import image_array, resize_image
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.text.known_words import check_known_words
from keras_imgdesc.text.standardization import standardize


def matching_dataset(
    data: Any, matcher: Any, batch_size: int, shuffle: bool = False
) -> Any:
    """Convert images with captions to batches to train on.

    Args:
        data: dict of arrays or lists with one example per row, or a `tf.data.Dataset`
            of unbatched examples, with `"image"`: uint8 (height, width, 3), in a dict
            any image of `load_image`; `"caption"`: string () or (captions,); and
            optionally `"image_id"`: int ().
        matcher: `ImageTextMatcher` that the batches are for.
        batch_size: examples per batch.
        shuffle: whether to shuffle arrays, differently in each epoch. A dataset keeps
            its order.

    Returns:
        A `tf.data.Dataset` of `(inputs, targets)`; see `MatchingModel`. Other data are
        returned unchanged.

    Raises:
        ImageError: an image cannot be read.
        InputError: an example lacks an image or a caption, images differ in the number
            of captions, the dataset is batched, or images and captions are not entries
            of one dict; or no caption has a known word.

    Warns:
        UnknownWordsWarning: more than a tenth of the words of a dict are unknown.
    """
    refuse_pairs(data, "caption")
    check_names(data)
    if isinstance(data, dict) and "caption" in data:
        check_entries(data)
        check_same_number(data["caption"])
        check_lengths(data)
        images = image_array(data["image"], matcher.image_encoder.image_size)
        data = {
            k: tf.convert_to_tensor(v) for k, v in (data | {"image": images}).items()
        }
        warn_of_cut(matcher.text_encoder.tokenizer, data["caption"], "texts")
        check_known_words(matcher.text_encoder.tokenizer, data["caption"], "matcher")
        count = len(data["caption"])
        data = tf.data.Dataset.from_tensor_slices(data)
        if shuffle:
            data = data.shuffle(count)
    if not isinstance(data, tf.data.Dataset) or not isinstance(data.element_spec, dict):
        return data
    check_spec(data.element_spec)
    size = matcher.image_encoder.image_size
    data = data.map(lambda row: row | {"image": resize_image(row["image"], size)})
    data = data.batch(batch_size)
    return data.map(
        lambda batch: _targets(batch, matcher.text_encoder.tokenizer)
    ).prefetch(tf.data.AUTOTUNE)


def _targets(batch: dict[str, Any], tokenizer: Any) -> tuple[Any, Any]:
    images = tf.shape(batch["image"])[0]
    captions = tf.reshape(batch["caption"], (images, -1))
    rows = tf.range(images)
    owner = tf.repeat(rows, tf.shape(captions)[1])
    inputs = {
        "image": batch["image"],
        "token_ids": tokenizer(tf.reshape(captions, (-1,))),
    }
    _, text_id = tf.unique(tf.reshape(standardize(captions), (-1,)))
    own = tf.reshape(text_id, (images, -1))
    return inputs, {
        "owner": owner,
        "image_id": tf.cast(batch.get("image_id", rows), tf.int32),
        "text_id": text_id,
        "is_right": tf.reduce_any(own[:, :, None] == text_id, axis=1),
    }
