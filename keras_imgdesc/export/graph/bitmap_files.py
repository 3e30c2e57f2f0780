"""Decode BMP files in a graph.

TensorFlow's own operation supports neither palettes nor compression: it reads palette
indices as grey levels, and compressed data as pixels.
"""

from __future__ import annotations

import tensorflow as tf

from keras_imgdesc.export.graph.file_bytes import first_bytes, number_at

UNKNOWN_KIND = (
    "A BMP must have 8, 24 or 32 bits per pixel and no compression. Received: another "
    "kind. Convert it to PNG or JPEG first."
)

# The longest header is followed by 256 colours of four bytes.
_FILE_HEADER, _LONGEST_HEADER, _COLOURS, _COLOUR = 14, 124, 256, 4
_HEAD = _FILE_HEADER + _LONGEST_HEADER + _COLOURS * _COLOUR
_NO_COMPRESSION, _MASKS = 0, 3
# Lengths of the headers that Pillow knows; the first version has other fields.
_HEADERS = (40, 52, 56, 64, 108, _LONGEST_HEADER)
_COMMON_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF)


def bmp_pixels(contents: tf.Tensor) -> tf.Tensor:
    """Return width times height of a BMP, an int64 scalar.

    Args:
        contents: the file, a string scalar.
    """
    head = first_bytes(contents, _HEAD)
    height = number_at(head, 22, 4, little=True)
    # A negative height means that the rows are stored top down.
    height = tf.where(height >= 2**31, 2**32 - height, height)
    return number_at(head, 18, 4, little=True) * height


def is_known_bmp(contents: tf.Tensor) -> tf.Tensor:
    """Return whether a BMP is of a kind that can be decoded, a bool scalar.

    Args:
        contents: the file, a string scalar.
    """
    head = first_bytes(contents, _HEAD)
    bits = number_at(head, 28, 2, little=True)
    compression = number_at(head, 30, 4, little=True)
    has_plain_pixels = compression == _NO_COMPRESSION
    has_masks = compression == _MASKS
    for i, mask in enumerate(_COMMON_MASKS):
        has_masks &= number_at(head, 54 + 4 * i, 4, little=True) == mask
    size = number_at(head, 14, 4, little=True)
    has_header = tf.reduce_any(size == tf.constant(_HEADERS, tf.int64))
    return has_header & (
        (((bits == 8) | (bits == 24)) & has_plain_pixels)
        | ((bits == 32) & (has_plain_pixels | has_masks))
    )


def decode_bmp(contents: tf.Tensor) -> tf.Tensor:
    """Decode a BMP of a known kind.

    Args:
        contents: the file, a string scalar. The operation fails if it is broken.

    Returns:
        uint8 (height, width, 3), or (height, width, 4) if it has an alpha channel.
    """
    # The operation refuses a file with anything behind its pixels.
    image = tf.io.decode_bmp(tf.strings.substr(contents, 0, _pixels_end(contents)))
    return tf.case(
        [
            (tf.shape(image)[-1] == 1, lambda: _apply_palette(image, contents)),
            (_has_alpha(contents), lambda: image),
        ],
        default=lambda: image[..., :3],
    )


def _pixels_end(contents: tf.Tensor) -> tf.Tensor:
    """Return where the pixels end, an int32 scalar; at most the end of the file."""
    head = first_bytes(contents, _HEAD)
    height = number_at(head, 22, 4, little=True)
    height = tf.where(height >= 2**31, 2**32 - height, height)
    bits = number_at(head, 18, 4, little=True) * number_at(head, 28, 2, little=True)
    end = number_at(head, 10, 4, little=True) + (bits + 31) // 32 * 4 * height
    length = tf.cast(tf.strings.length(contents), tf.int64)
    return tf.cast(tf.minimum(end, length), tf.int32)


def _apply_palette(indices: tf.Tensor, contents: tf.Tensor) -> tf.Tensor:
    head = first_bytes(contents, _HEAD)
    start = _FILE_HEADER + tf.cast(number_at(head, 14, 4, little=True), tf.int32)
    start = tf.minimum(start, _FILE_HEADER + _LONGEST_HEADER)
    palette = tf.reshape(head[start : start + _COLOURS * _COLOUR], (_COLOURS, _COLOUR))
    red_green_blue = tf.cast(palette[:, 2::-1], tf.uint8)
    return tf.gather(red_green_blue, tf.cast(indices[..., 0], tf.int32))


def _has_alpha(contents: tf.Tensor) -> tf.Tensor:
    """Return whether there is an alpha mask; the fourth byte is unused without one."""
    head = first_bytes(contents, _HEAD)
    return (
        (number_at(head, 14, 4, little=True) >= 56)
        & (number_at(head, 30, 4, little=True) == _MASKS)
        & (number_at(head, 66, 4, little=True) == 0xFF000000)
    )
