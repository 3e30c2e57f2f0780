"""Read the bytes of files in a graph."""

from __future__ import annotations

import tensorflow as tf


def starts_with(contents: tf.Tensor, signature: bytes) -> tf.Tensor:
    """Return whether a file begins with a signature, a bool scalar.

    Args:
        contents: the file, a string scalar.
        signature: the bytes to compare with.
    """
    return tf.strings.substr(contents, 0, len(signature)) == signature


def first_bytes(contents: tf.Tensor, count: int) -> tf.Tensor:
    """Return the first bytes of a file, int32 (count,), padded with zeros.

    Args:
        contents: the file, a string scalar.
        count: number of bytes.
    """
    raw = tf.io.decode_raw(tf.strings.substr(contents, 0, count), tf.uint8)
    padded = tf.concat([raw, tf.zeros((count,), tf.uint8)], axis=0)[:count]
    return tf.ensure_shape(tf.cast(padded, tf.int32), (count,))


def number_at(head: tf.Tensor, start: int, count: int, little: bool) -> tf.Tensor:
    """Return an unsigned number of a header, an int64 scalar.

    Args:
        head: bytes of the header, int32 (bytes,).
        start: index of its first byte.
        count: number of bytes, at most 4.
        little: whether it is little-endian.
    """
    indices = range(start, start + count)
    total = tf.constant(0, tf.int64)
    for index in reversed(indices) if little else indices:
        total = 256 * total + tf.cast(head[index], tf.int64)
    return total


def find(contents: tf.Tensor, pattern: bytes, within: int) -> tf.Tensor:
    """Return the end of the first match of a pattern, an int32 scalar; -1 if none.

    Args:
        contents: the file, a string scalar.
        pattern: the bytes to find.
        within: number of bytes to search, from the start.
    """
    head = tf.strings.substr(contents, 0, within)
    before = tf.strings.length(tf.strings.split(head, pattern)[:1])
    end = tf.reduce_sum(before) + len(pattern)
    return tf.where(end <= tf.strings.length(head), end, -1)
