"""What `ImageTextMatcher.fit` makes of pictures with captions."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import resize_image


def matching_dataset(
    data: Any, matcher: Any, batch_size: int, shuffle: bool = False
) -> Any:
    """Makes batches to train on of examples; other data stay as they are.

    Args:
        data: a dict of arrays or lists, one example each row, or a `tf.data.Dataset`
            of examples, with `"image"`: uint8 (height, width, 3), `"caption"`: string
            () or (captions,), and optionally `"image_id"`: int (). Anything else is
            returned.
        matcher: whose inputs they become.
        batch_size: examples in a batch.
        shuffle: shuffle arrays, anew each time; a data set has its own order.

    Raises:
        InputError: an example has no image or no caption, or a data set is batched.
    """
    if isinstance(data, dict) and "caption" in data:
        check_entries(data)
        data = {k: tf.convert_to_tensor(v) for k, v in data.items()}
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
    image_id = tf.cast(batch.get("image_id", rows), tf.int32)
    return inputs, {"owner": owner, "image_id": image_id}


def check_spec(spec: Any) -> None:
    """Refuses a data set of other things than pictures with captions.

    Args:
        spec: its `element_spec`.

    Raises:
        InputError: an example has no image or no caption, or examples are batched.
    """
    check_entries(spec)
    if spec["image"].shape.rank != 3:
        raise InputError(
            "A data set to train on must have single pictures",
            "Call .unbatch() on it",
            image=tuple(spec["image"].shape),
        )


def check_entries(entries: Any) -> None:
    """Refuses examples without an image or a caption.

    Raises:
        InputError: one of the two is missing.
    """
    if not isinstance(entries, dict) or not {"image", "caption"} <= set(entries):
        raise InputError(
            "An example must have 'image' and 'caption'",
            "Rename its entries",
            entries=sorted(entries) if isinstance(entries, dict) else entries,
        )
