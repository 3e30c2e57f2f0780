"""Encoded images to upright RGB in a graph, each image for itself."""

from __future__ import annotations

import tensorflow as tf

from keras_imgdesc.images import resize_image
from keras_imgdesc.images.file_formats import MAX_PIXELS

EMPTY = "The image has no bytes. Received: an empty string. Send the file's content."
UNKNOWN = (
    "An image must be JPEG, PNG, GIF or BMP. Received: other bytes. Convert it first."
)
TOO_LARGE = (
    f"An image may have at most {MAX_PIXELS:,} pixels. Received: more. Make it smaller."
)
BROKEN = "An image must be whole. Received: broken or cut bytes. Send the file again."

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_GIF, _BMP = b"GIF8", b"BM"
# Cameras write the orientation into the first segment of the file.
_EXIF_SEARCH = 4096
# What a PNG has before its pixels fits into this, a colour profile included.
_PNG_SEARCH = 65536
_EXIF = b"Exif\0\0"
_ORIENTATION_TAG = 0x0112


def decode_images(
    image_bytes: tf.Tensor, image_size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a batch of image files; a broken one harms no other.

    A JPEG is turned as its EXIF orientation says, transparency becomes white, 16 bits
    become 8, of a GIF the first frame is taken: pixels are those of `load_image`, of
    `resize_image` after it.

    Args:
        image_bytes: string (batch,).
        image_size: side of the square that images are stretched to.

    Returns:
        uint8 (batch, image_size, image_size, 3), black where there is no image, and
        string (batch,): empty, or what is wrong with it.
    """
    shape = (image_size, image_size, 3)

    def decode(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # A data set of one element is what can lose it without failing the graph.
        message = _what_may_be_wrong(contents)
        good = (
            tf.data.Dataset.from_tensors(contents)
            .map(lambda c: (resize_image(_decode(c), image_size), ""))
            .ignore_errors()
        )
        instead = tf.data.Dataset.from_tensors((tf.zeros(shape, tf.uint8), message))
        pixels, error = good.concatenate(instead).take(1).get_single_element()
        return tf.ensure_shape(pixels, shape), error

    return tf.map_fn(
        decode,
        image_bytes,
        fn_output_signature=(
            tf.TensorSpec(shape, tf.uint8),
            tf.TensorSpec((), tf.string),
        ),
        parallel_iterations=8,
    )


def _starts_with(contents: tf.Tensor, signature: bytes) -> tf.Tensor:
    return tf.strings.substr(contents, 0, len(signature)) == signature


def _what_may_be_wrong(contents: tf.Tensor) -> tf.Tensor:
    known = [_starts_with(contents, s) for s in (_JPEG, _PNG, _GIF, _BMP)]
    return tf.case(
        [
            (tf.strings.length(contents) == 0, lambda: tf.constant(EMPTY)),
            (~tf.reduce_any(known), lambda: tf.constant(UNKNOWN)),
            (_pixels_of_header(contents) > MAX_PIXELS, lambda: tf.constant(TOO_LARGE)),
        ],
        default=lambda: tf.constant(BROKEN),
        exclusive=False,
    )


def _pixels_of_header(contents: tf.Tensor) -> tf.Tensor:
    """Width times height, int64, of all but JPEG; 0 where there is no header."""
    head = _bytes(contents, 32)

    def number(start: int, count: int, little: bool) -> tf.Tensor:
        places = range(start, start + count)
        ordered = reversed(places) if little else places
        total = tf.constant(0, tf.int64)
        for place in ordered:
            total = 256 * total + tf.cast(head[place], tf.int64)
        return total

    return tf.case(
        [
            (
                _starts_with(contents, _PNG),
                lambda: number(16, 4, False) * number(20, 4, False),
            ),
            (
                _starts_with(contents, _GIF),
                lambda: number(6, 2, True) * number(8, 2, True),
            ),
            (
                _starts_with(contents, _BMP),
                lambda: number(18, 4, True) * number(22, 4, True),
            ),
        ],
        default=lambda: tf.constant(0, tf.int64),
    )


def _decode(contents: tf.Tensor) -> tf.Tensor:
    """uint8 (height, width, 3), upright; fails for what is not a whole image."""
    with tf.control_dependencies(
        [tf.debugging.assert_less_equal(_pixels_of_header(contents), _limit())]
    ):
        contents = tf.identity(contents)
    image = tf.case(
        [
            (_starts_with(contents, _JPEG), lambda: _decode_jpeg(contents)),
            (
                _starts_with(contents, _PNG),
                lambda: _decode_png(contents),
            ),
            (_starts_with(contents, _GIF), lambda: tf.io.decode_gif(contents)[0]),
        ],
        default=lambda: _decode_bmp(contents),
    )
    return tf.ensure_shape(image, (None, None, 3))


def _limit() -> tf.Tensor:
    return tf.constant(MAX_PIXELS, tf.int64)


def _decode_jpeg(contents: tf.Tensor) -> tf.Tensor:
    height, width, _ = tf.unstack(
        tf.cast(tf.io.extract_jpeg_shape(contents, tf.int32), tf.int64)
    )
    with tf.control_dependencies(
        [tf.debugging.assert_less_equal(height * width, _limit())]
    ):
        # The fast method, TensorFlow's default, differs from every other decoder.
        image = tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE")
    return turn_upright(image, exif_orientation(contents))


def _decode_png(contents: tf.Tensor) -> tf.Tensor:
    # Asked for an alpha channel that there is not, TensorFlow makes up a nearly
    # transparent one where colours have less than eight bits.
    colour_type = _bytes(contents, 26)[25]
    transparent = _find(_bytes(contents, _PNG_SEARCH), b"tRNS") < _PNG_SEARCH
    return tf.cond(
        (colour_type >= 4) | transparent,
        lambda: _on_white(tf.io.decode_png(contents, channels=4)),
        lambda: tf.io.decode_png(contents, channels=3),
    )


def _decode_bmp(contents: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_bmp(contents)
    channels = tf.shape(image)[-1]
    return tf.case(
        [
            (channels == 1, lambda: tf.repeat(image, 3, axis=-1)),
            (channels == 4, lambda: image[..., :3]),
        ],
        default=lambda: image,
    )


def _on_white(image: tf.Tensor) -> tf.Tensor:
    # Pillow's rounding: x / 255 as (x + 128 + (x + 128) // 256) // 256.
    wide = tf.cast(image, tf.int32)
    colour, alpha = wide[..., :3], wide[..., 3:]
    mixed = colour * alpha + 255 * (255 - alpha) + 128
    return tf.cast((mixed + mixed // 256) // 256, tf.uint8)


def exif_orientation(contents: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of a JPEG, an int32 scalar from 1 to 8.

    Args:
        contents: string scalar; what has none, or a broken one, is upright: 1.
    """
    raw = _bytes(contents, _EXIF_SEARCH)
    exif = _find(raw, _EXIF) + len(_EXIF)
    little = _at(raw, exif) == ord("I")

    def number(place: tf.Tensor, count: int) -> tf.Tensor:
        digits = [_at(raw, place + i) for i in range(count)]
        forward = backward = tf.zeros_like(digits[0])
        for digit, reverse in zip(digits, digits[::-1], strict=True):
            forward, backward = 256 * forward + digit, 256 * backward + reverse
        return tf.where(little, backward, forward)

    directory = exif + tf.clip_by_value(number(exif + 4, 4), 0, _EXIF_SEARCH)
    count = tf.minimum(number(directory, 2), _EXIF_SEARCH // 12)
    entries = directory + 2 + 12 * tf.range(_EXIF_SEARCH // 12)
    is_orientation = (number(entries, 2) == _ORIENTATION_TAG) & (
        tf.range(_EXIF_SEARCH // 12) < count
    )
    value = tf.reduce_max(tf.where(is_orientation, number(entries + 8, 2), 0))
    return tf.where((value >= 1) & (value <= 8), value, 1)


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Undoes what an EXIF orientation tells of.

    Args:
        image: (height, width, channels).
        orientation: int32 scalar, 1 to 8.
    """

    def swapped(x: tf.Tensor) -> tf.Tensor:
        return tf.transpose(x, (1, 0, 2))

    turns = [
        lambda: image,
        lambda: image[:, ::-1],
        lambda: image[::-1, ::-1],
        lambda: image[::-1],
        lambda: swapped(image),
        lambda: swapped(image[::-1]),
        lambda: swapped(image[::-1, ::-1]),
        lambda: swapped(image[:, ::-1]),
    ]
    return tf.switch_case(orientation - 1, turns)


def _find(raw: tf.Tensor, pattern: bytes) -> tf.Tensor:
    """Where a pattern starts, an int32 scalar; the length of `raw` if nowhere."""
    length = raw.shape[0] - len(pattern)
    found = tf.ones((length,), tf.bool)
    for i, byte in enumerate(pattern):
        found &= raw[i : i + length] == byte
    return tf.reduce_min(tf.where(found, tf.range(length), raw.shape[0]))


def _bytes(contents: tf.Tensor, count: int) -> tf.Tensor:
    """The first bytes, int32 (count,), with zeros behind the end."""
    raw = tf.io.decode_raw(tf.strings.substr(contents, 0, count), tf.uint8)
    padded = tf.concat([raw, tf.zeros((count,), tf.uint8)], axis=0)[:count]
    return tf.ensure_shape(tf.cast(padded, tf.int32), (count,))


def _at(raw: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    inside = (place >= 0) & (place < _EXIF_SEARCH)
    value = tf.gather(raw, tf.clip_by_value(place, 0, _EXIF_SEARCH - 1))
    return tf.where(inside, value, 0)
