"""Check in a graph what libpng leaves unchecked of a PNG.

libpng refuses a wrong checksum of a chunk that it needs, and skips any other with one.
The rule of `images/png_structure.py` is that none may be wrong.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.export.graph.file_bytes import first_bytes, number_at
from keras_imgdesc.images.png_structure import SHORT

_SIGNATURE = 8
_PIXELS, _LAST = b"IDAT", b"IEND"
_ORDERED = (b"PLTE", b"tRNS", _PIXELS)
_INDEXED = 3
# Chunks that are looked at; those of the pixels that have one size count as one.
_MOST_CHUNKS = 1000
# A stream of gzip can hold data as they are, in blocks of at most this size, and ends
# with the same checksum as a chunk. What decompresses it checks it.
_BLOCK = 65535
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


def checked_png(contents: tf.Tensor) -> tf.Tensor:
    """Return a PNG up to its end, or fail if it has a fault that libpng ignores.

    Args:
        contents: the file, a string scalar.
    """
    length = tf.strings.length(contents)
    values = tf.io.decode_raw(contents, tf.uint8)

    is_indexed = first_bytes(contents, 26)[25] == _INDEXED

    def goes_on(at: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return at + 12 <= length

    # An operation that fails within a loop can stop the graph forever. So a loop only
    # collects what is to be checked.
    def next_chunk(
        at: tf.Tensor,
        count: tf.Tensor,
        seen: tf.Tensor,
        is_good: tf.Tensor,
        is_short: tf.Tensor,
        last: tf.Tensor,
        streams: tf.TensorArray,
    ) -> tuple[Any, ...]:
        size, name = _chunk(contents, at)
        # What libpng needs has a name that begins with a capital letter.
        is_needed = first_bytes(name, 1)[0] & 32 == 0
        stream = tf.cond(is_needed, lambda: b"", lambda: _gzip(contents, at, size))
        is_kind = tf.stack([name == kind for kind in _ORDERED])
        is_good &= _in_order(is_kind, seen, is_indexed)
        is_pixels = name == _PIXELS
        is_short = tf.where(is_pixels & (size > 0), size < SHORT, is_short)
        end = tf.cond(
            is_pixels,
            lambda: _behind(values, at, size),
            lambda: tf.minimum(at + 12 + size, length),
        )
        return (
            tf.where(name == _LAST, length, end),
            count + 1,
            seen | is_kind,
            is_good,
            is_short,
            tf.where(name == _LAST, end, last),
            streams.write(count, stream),
        )

    zero, no, yes = tf.constant(0), tf.constant(False), tf.constant(True)
    _, _, _, is_good, is_short, last, streams = tf.while_loop(
        goes_on,
        next_chunk,
        (zero + _SIGNATURE, zero, tf.fill((3,), False), yes, no, length, _strings()),
        maximum_iterations=_MOST_CHUNKS,
    )
    joined = tf.strings.reduce_join(streams.stack())
    length = tf.strings.length(tf.io.decode_compressed(joined, "GZIP"))
    length += tf.cond(is_short, lambda: _pixels_length(contents), lambda: 0)
    # An operation whose value nothing uses would be optimized away.
    checks = [
        tf.debugging.assert_equal(is_good, True),
        tf.debugging.assert_non_negative(length),
    ]
    with tf.control_dependencies(checks):
        return tf.strings.substr(contents, 0, last)


def _strings() -> tf.TensorArray:
    return tf.TensorArray(tf.string, 1, dynamic_size=True, element_shape=())


def _in_order(is_kind: tf.Tensor, seen: tf.Tensor, is_indexed: tf.Tensor) -> tf.Tensor:
    """Return whether a chunk may follow those before it; see `_ORDERED`."""
    is_palette, is_transparency, is_pixels = tf.unstack(is_kind)
    has_palette, has_transparency, has_pixels = tf.unstack(seen)
    needs_palette = is_indexed & (is_transparency | is_pixels)
    is_wrong = needs_palette & ~has_palette
    is_wrong |= (is_palette | is_transparency) & has_pixels
    is_wrong |= is_palette & (has_palette | has_transparency)
    return ~(is_wrong | (is_transparency & has_transparency))


def _chunk(contents: tf.Tensor, at: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the number of data bytes of a chunk, int32, and its name."""
    head = tf.strings.substr(contents, at, 8)
    size = number_at(first_bytes(head, 4), 0, 4, little=False)
    most = tf.cast(tf.strings.length(contents), tf.int64)
    return tf.cast(tf.minimum(size, most), tf.int32), tf.strings.substr(head, 4, 4)


def _behind(values: tf.Tensor, at: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Return what follows a chunk of pixels and all of the same size behind it."""
    places = tf.range(at, tf.size(values) - 7, size + 12)
    heads = tf.gather(values, places[:, None] + tf.range(8))
    is_same = tf.reduce_all(heads == heads[0], axis=1)
    return at + (size + 12) * tf.reduce_sum(tf.math.cumprod(tf.cast(is_same, tf.int32)))


def _gzip(contents: tf.Tensor, at: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Return a chunk as a stream of gzip, which is valid if its checksum is."""
    data = tf.strings.substr(contents, at + 4, 4 + size)
    length = tf.strings.length(data)
    count = (length + _BLOCK - 1) // _BLOCK
    starts = _BLOCK * tf.range(count)
    sizes = tf.minimum(length - starts, _BLOCK)
    is_last = tf.cast(tf.range(count) == count - 1, tf.int32)
    blocks = tf.strings.join(
        [
            _bytes(is_last),
            *(_bytes(n) for n in (sizes % 256, sizes // 256)),
            *(_bytes(255 - n) for n in (sizes % 256, sizes // 256)),
            tf.strings.substr(tf.fill((count,), data), starts, sizes),
        ]
    )
    end = tf.minimum(at + 8 + size, tf.strings.length(contents))
    checksum = first_bytes(tf.strings.substr(contents, end, 4), 4)
    return tf.strings.join(
        [
            _GZIP,
            tf.strings.reduce_join(blocks),
            *(_bytes(checksum[i]) for i in (3, 2, 1, 0)),
            *(_bytes(length // 256**i % 256) for i in range(4)),
        ]
    )


def _pixels_length(contents: tf.Tensor) -> tf.Tensor:
    """Return the number of bytes of the pixels, or fail if their checksum is wrong."""
    length = tf.strings.length(contents)

    def next_chunk(
        at: tf.Tensor, count: tf.Tensor, parts: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        size, name = _chunk(contents, at)
        taken = tf.where(name == _PIXELS, size, 0)
        parts = parts.write(count, tf.strings.substr(contents, at + 8, taken))
        end = tf.where(name == _LAST, length, at + 12 + size)
        return tf.minimum(end, length), count + 1, parts

    _, _, parts = tf.while_loop(
        lambda at, *_: at + 12 <= length,
        next_chunk,
        (tf.constant(_SIGNATURE), tf.constant(0), _strings()),
    )
    stream = tf.strings.reduce_join(parts.stack())
    return tf.strings.length(tf.io.decode_compressed(stream, "ZLIB"))


def _bytes(values: tf.Tensor) -> tf.Tensor:
    """Return numbers from 0 to 255 as strings of one byte."""
    return tf.gather(tf.constant([bytes([i]) for i in range(256)]), values)
