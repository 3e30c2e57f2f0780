"""The orientation of image files, read in a graph as Pillow reads it.

EXIF counts, or XMP if EXIF has no orientation.
"""

from __future__ import annotations

import tensorflow as tf

from keras_imgdesc.export.graph.file_bytes import find, first_bytes, number_at

# Number of bytes that hold everything before the pixels of a PNG, as a rule: a colour
# profile, EXIF and XMP.
BEFORE_PIXELS = 1 << 18

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
# Followed by the flag of a text that is not compressed.
_PNG_EXIF, _PNG_XMP = b"eXIf", b"iTXtXML:com.adobe.xmp\0\0"
_ORIENTATION_TAG = 0x0112
# Kinds of values, numbered from 1.
_SHORT, _LONG, _KINDS = 3, 4, 12
_MAGIC = 42
# Number of bytes that hold the first EXIF directory, which has the orientation.
_DIRECTORY = 4096
_ENTRIES = _DIRECTORY // 12
# The two ways to write it in XMP, an attribute and an element. A digit follows.
_IN_XMP = (b'tiff:Orientation="', b"tiff:Orientation>")
_LONGEST_XMP = 1 << 16
# Segments of a JPEG before its pixels that are looked at.
_MOST_SEGMENTS = 1000
_SCAN, _END = 0xDA, 0xD9


def jpeg_orientation(contents: tf.Tensor) -> tf.Tensor:
    """Return the orientation of a JPEG, an int32 scalar from 1 to 8.

    Args:
        contents: the file, a string scalar. Without a valid orientation it is 1,
            which means upright.
    """
    length = tf.strings.length(contents)

    def is_before_pixels(at: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return at + 4 <= length

    def next_segment(
        at: tf.Tensor, exif: tf.Tensor, xmp: tf.Tensor, xmp_end: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        head = first_bytes(tf.strings.substr(contents, at, 4), 4)
        end = at + 2 + 256 * head[2] + head[3]
        start = tf.strings.substr(contents, at + 4, len(_XMP))
        is_marker = head[0] == 0xFF
        is_segment = is_marker & (head[1] == 0xE1)
        is_exif = is_segment & (tf.strings.substr(start, 0, len(_EXIF)) == _EXIF)
        is_xmp = is_segment & (start == _XMP)
        # The first EXIF counts, and the last XMP.
        exif = tf.where(is_exif & (exif < 0), at + 4 + len(_EXIF), exif)
        xmp = tf.where(is_xmp, at + 4 + len(_XMP), xmp)
        xmp_end = tf.where(is_xmp, end, xmp_end)
        is_last = is_marker & ((head[1] == _SCAN) | (head[1] == _END))
        # Between segments there may be other bytes, and markers without a length.
        is_alone = (head[1] <= 1) | ((head[1] >= 0xD0) & (head[1] <= 0xD8))
        is_fill = ~is_marker | (head[1] == 0xFF) | is_alone
        at = tf.where(is_last, length, tf.where(is_fill, at + 1, end))
        return at, exif, xmp, xmp_end

    none = tf.constant(-1)
    _, exif, xmp, xmp_end = tf.while_loop(
        is_before_pixels,
        next_segment,
        (tf.constant(2), none, none, none),
        maximum_iterations=_MOST_SEGMENTS,
    )
    return _orientation(contents, exif, xmp, xmp_end)


def png_orientation(contents: tf.Tensor) -> tf.Tensor:
    """Return the orientation of a PNG, an int32 scalar from 1 to 8.

    XMP that is compressed, which its specification forbids, is not read.

    Args:
        contents: the file, a string scalar.
    """
    xmp = find(contents, _PNG_XMP, BEFORE_PIXELS)
    # The length of the chunk is before its name.
    start = tf.maximum(xmp - len(_PNG_XMP) - 4, 0)
    head = first_bytes(tf.strings.substr(contents, start, 4), 4)
    size = tf.minimum(number_at(head, 0, 4, little=False), _LONGEST_XMP)
    exif = find(contents, _PNG_EXIF, BEFORE_PIXELS)
    return _orientation(contents, exif, xmp, start + 8 + tf.cast(size, tf.int32))


def _orientation(
    contents: tf.Tensor, exif: tf.Tensor, xmp: tf.Tensor, xmp_end: tf.Tensor
) -> tf.Tensor:
    """Return the orientation by EXIF and XMP, which start at -1 if there are none."""
    by_exif = tf.where(exif >= 0, _exif_orientation(contents, exif), 0)
    by_xmp = tf.where(xmp >= 0, _xmp_orientation(contents, xmp, xmp_end), 0)
    value = tf.where(by_exif > 0, by_exif, by_xmp)
    return tf.where((value >= 1) & (value <= 8), value, 1)


def _exif_orientation(contents: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    """Return the orientation in EXIF data; 0 if it has none, 9 if it is invalid."""
    raw = first_bytes(_part(contents, start, _DIRECTORY), _DIRECTORY)
    little = _at(raw, tf.constant(0)) == ord("I")

    def number(index: tf.Tensor, count: int) -> tf.Tensor:
        digits = [_at(raw, index + i) for i in range(count)]
        forward = backward = tf.zeros_like(digits[0])
        for digit, reverse in zip(digits, digits[::-1], strict=True):
            forward, backward = 256 * forward + digit, 256 * backward + reverse
        return tf.where(little, backward, forward)

    directory = tf.clip_by_value(number(tf.constant(4), 4), 0, _DIRECTORY)
    count = tf.minimum(number(directory, 2), _ENTRIES)
    entries = directory + 2 + 12 * tf.range(_ENTRIES)
    kind = number(entries + 2, 2)
    is_orientation = (
        (number(entries, 2) == _ORIENTATION_TAG)
        & ((kind >= 1) & (kind <= _KINDS))
        & (number(entries + 4, 4) == 1)
        & (tf.range(_ENTRIES) < count)
    )
    others = tf.where(kind == _LONG, number(entries + 8, 4), 9)
    values = tf.where(kind == _SHORT, number(entries + 8, 2), others)
    value = tf.reduce_max(tf.where(is_orientation, values, 0))
    is_invalid = tf.reduce_any(is_orientation) & ((value < 1) | (value > 8))
    is_tiff = (raw[0] == raw[1]) & ((raw[0] == ord("I")) | (raw[0] == ord("M")))
    is_tiff &= (raw[2] + raw[3] == _MAGIC) & (raw[2] * raw[3] == 0)
    return tf.where(is_invalid | ~is_tiff, 9, value)


def _xmp_orientation(
    contents: tf.Tensor, start: tf.Tensor, end: tf.Tensor
) -> tf.Tensor:
    """Return the digit of the orientation in XMP; 0 if it has none."""
    packet = _part(contents, start, tf.clip_by_value(end - start, 0, _LONGEST_XMP))
    found = [find(packet, name, _LONGEST_XMP) for name in _IN_XMP]
    found = [tf.where(at < 0, _LONGEST_XMP, at) for at in found]
    digit = first_bytes(_part(packet, tf.minimum(*found), 1), 1)[0] - ord("0")
    return tf.where((digit >= 0) & (digit <= 9), digit, 0)


def _part(contents: tf.Tensor, start: tf.Tensor, count: tf.Tensor | int) -> tf.Tensor:
    length = tf.strings.length(contents)
    return tf.strings.substr(contents, tf.clip_by_value(start, 0, length), count)


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Rotate and mirror an image so that it is upright.

    Args:
        image: (height, width, channels).
        orientation: as in EXIF, an int32 scalar from 1 to 8.
    """

    def transposed(x: tf.Tensor) -> tf.Tensor:
        return tf.transpose(x, (1, 0, 2))

    turns = [
        lambda: image,
        lambda: image[:, ::-1],
        lambda: image[::-1, ::-1],
        lambda: image[::-1],
        lambda: transposed(image),
        lambda: transposed(image[::-1]),
        lambda: transposed(image[::-1, ::-1]),
        lambda: transposed(image[:, ::-1]),
    ]
    return tf.switch_case(orientation - 1, turns)


def _at(raw: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    inside = (index >= 0) & (index < _DIRECTORY)
    value = tf.gather(raw, tf.clip_by_value(index, 0, _DIRECTORY - 1))
    return tf.where(inside, value, 0)
