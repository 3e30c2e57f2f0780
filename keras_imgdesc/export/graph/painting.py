"""Painting as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.noise import normal_pairs
from keras_imgdesc.painting import TextToImage, text_features, to_uint8

# Pictures that are computed at a time, however many are asked for.
BLOCK = 64

NO_WORDS = "A text must have words in it. Write what the picture should show."
UNKNOWN_WORDS = (
    "A text must have a word that the painter knows. Use words that it was trained on."
)


def features_of(task: TextToImage, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """`text_features` of int32 (texts, words)."""
    found = task.text_encoder({"token_ids": token_ids}, training=False)
    return text_features(task.generator, found)


def painted(task: TextToImage, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
    """Pictures, uint8 (batch, side, side, 3), of `features_of` and noise."""
    return to_uint8(task.generator(inputs, training=False)["image"])


def text_errors(task: TextToImage, text: tf.Tensor, token_ids: tf.Tensor) -> tf.Tensor:
    """What is wrong with each text, strings, empty where nothing is."""
    vocabulary = task.text_encoder.tokenizer.vocabulary
    special = [vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id]
    special.append(vocabulary.unk_id)
    is_word = tf.reduce_all(token_ids[..., None] != tf.constant(special), axis=-1)
    is_empty = tf.strings.length(tf.strings.strip(text)) == 0
    return tf.where(
        is_empty,
        NO_WORDS,
        tf.where(tf.reduce_any(is_word, axis=-1), "", UNKNOWN_WORDS),
    )


def draw_in_graph(seed: tf.Tensor, rows: tf.Tensor, width: int) -> tf.Tensor:
    """Rows of `keras_imgdesc.noise.draw_normal`.

    Args:
        seed: int64, a scalar or (count,), not negative.
        rows: int64 (count,), their numbers.
        width: of a row.

    Returns:
        float32 (count, width).
    """
    check = tf.debugging.assert_non_negative(seed, "A seed is from 0 to 2**63 - 1")
    with tf.control_dependencies([check]):
        seed = tf.reshape(seed, (-1, 1))
    key = seed & np.int64(2**32 - 1), seed // np.int64(2**32)
    pairs = tf.range((width + 1) // 2, dtype=tf.int64)[None]
    values = normal_pairs(
        key, (rows[:, None], pairs), tf.math, lambda x: tf.cast(x, tf.float64)
    )
    noise = tf.reshape(tf.stack(values, axis=-1), (-1, 2 * ((width + 1) // 2)))
    return tf.cast(noise[:, :width], tf.float32)


def in_blocks(
    function: Callable[..., tf.Tensor],
    tensors: Sequence[tf.Tensor],
    shape: tuple[int, ...],
    dtype: Any,
) -> tf.Tensor:
    """Applies a function to a batch, `BLOCK` rows at a time.

    Args:
        function: from rows of the tensors to (rows, *shape) of that type.
        tensors: each (batch, ...), the batch not empty.
        shape, dtype: of a row of what comes out.
    """
    count = tf.shape(tensors[0])[0]
    size = tf.minimum(count, BLOCK)
    blocks = (count + size - 1) // size

    def split(tensor: tf.Tensor) -> tf.Tensor:
        edges = [[0, blocks * size - count], *[[0, 0]] * (tensor.shape.rank - 1)]
        parts = tf.concat([[blocks, size], tf.shape(tensor)[1:]], axis=0)
        split = tf.reshape(tf.pad(tensor, edges), parts)
        return tf.ensure_shape(split, (None, None, *tensor.shape[1:]))

    found = tf.map_fn(
        lambda rows: function(*rows),
        tuple(map(split, tensors)),
        fn_output_signature=tf.TensorSpec((None, *shape), dtype),
    )
    return tf.reshape(found, (-1, *shape))[:count]


def encode_pngs(pixels: tf.Tensor) -> tf.Tensor:
    """PNG files, strings (batch,), of uint8 (batch, height, width, 3)."""
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string)
