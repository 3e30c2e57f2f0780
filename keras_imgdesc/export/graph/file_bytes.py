"""Reading the bytes of files in a graph."""

from __future__ import annotations

import tensorflow as tf


def starts_with(contents: tf.Tensor, signature: bytes) -> tf.Tensor:
    """Whether a file begins with some bytes, a bool scalar.

    Args:
        contents: string scalar.
        signature: the bytes.
    """
    return tf.strings.substr(contents, 0, len(signature)) == signature


def first_bytes(contents: tf.Tensor, count: int) -> tf.Tensor:
    """The first bytes of a file, int32 (count,), with zeros behind its end.

    Args:
        contents: string scalar.
        count: how many.
    """
    raw = tf.io.decode_raw(tf.strings.substr(contents, 0, count), tf.uint8)
    padded = tf.concat([raw, tf.zeros((count,), tf.uint8)], axis=0)[:count]
    return tf.ensure_shape(tf.cast(padded, tf.int32), (count,))


def number_at(head: tf.Tensor, start: int, count: int, little: bool) -> tf.Tensor:
    """An unsigned number out of a header, an int64 scalar.

    Args:
        head: int32 (bytes,).
        start: where it begins.
        count: how many bytes it has, at most 4.
        little: whether its lowest byte comes first.
    """
    places = range(start, start + count)
    total = tf.constant(0, tf.int64)
    for place in reversed(places) if little else places:
        total = 256 * total + tf.cast(head[place], tf.int64)
    return total


def find(contents: tf.Tensor, pattern: bytes, within: int) -> tf.Tensor:
    """Where a pattern ends for the first time, an int32 scalar; -1 if nowhere.

    Args:
        contents: string scalar.
        pattern: the bytes looked for.
        within: how many of the first bytes are searched.
    """
    head = tf.strings.substr(contents, 0, within)
    before = tf.strings.length(tf.strings.split(head, pattern)[:1])
    end = tf.reduce_sum(before) + len(pattern)
    return tf.where(end <= tf.strings.length(head), end, -1)
