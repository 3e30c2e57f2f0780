"""Decode image files to upright RGB in a graph, each independently of the others."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from keras_imgdesc.export.graph.bitmap_files import (
    UNKNOWN_KIND,
    bmp_pixels,
    decode_bmp,
    is_known_bmp,
)
from keras_imgdesc.export.graph.file_bytes import (
    find,
    first_bytes,
    number_at,
    starts_with,
)
from keras_imgdesc.export.graph.jpeg_structure import (
    closed,
    jpeg_structure,
    without_end,
)
from keras_imgdesc.export.graph.orientation import (
    BEFORE_PIXELS,
    jpeg_orientation,
    png_orientation,
    turn_upright,
)
from keras_imgdesc.export.graph.png_structure import checked_png
from keras_imgdesc.images import resize_image
from keras_imgdesc.images.damage import GIF_END, TAIL
from keras_imgdesc.images.file_formats import MAX_PIXELS

NO_IMAGES = "There must be at least one image. Received: an empty batch"
EMPTY = "The image has no bytes. Received: an empty string. Send the file's content."
UNKNOWN = (
    "An image must be JPEG, PNG, GIF or BMP. Received: other bytes. Convert it first."
)
BASE64 = (
    "An image must be the bytes of a file. Received: text that looks like base64. "
    'Decode it first; in a REST request write {"b64": "..."}, in the standard alphabet '
    "with + and /."
)
TOO_LARGE = (
    f"An image may have at most {MAX_PIXELS:,} pixels. Received: more. Make it smaller."
)
BROKEN = (
    "An image must be complete. Received: broken or truncated bytes. Send it again."
)

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_GIF, _BMP = b"GIF8", b"BM"
# Prefixes of files of known formats in base64, standard and web-safe, and of data URLs.
_ENCODED = (
    *(b"/9j/", b"_9j_", b"iVBORw0KGgo", b"R0lGOD"),
    *(b"Qk0", b"Qk1", b"Qk2", b"Qk3", b"UklGR", b"SUkqA", b"TU0AK", b"data:image/"),
)
# Number of images held in memory at full size.
_AT_ONCE = 8


def decode_images(
    image_bytes: tf.Tensor, image_size: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decode a batch of image files; a broken one does not affect the others.

    A JPEG or PNG is rotated by the orientation in its EXIF or XMP, transparency becomes
    white, 16 bits become 8, and the first frame of a GIF is used: pixels are those of
    `load_image` followed by `resize_image`. Two things differ: the transparent parts
    of a GIF become black, and a JPEG above `MAX_PIXELS` is refused, not shrunk.

    Args:
        image_bytes: files, string (batch,).
        image_size: side of the square that images are stretched to, in pixels.

    Returns:
        The images, uint8 (batch, image_size, image_size, 3), black where a file is
        broken, error messages, string (batch,), empty where there is no error, and
        whether data of an image are missing although it was decoded, bool (batch,).
    """
    return _decode_batch(tf.ensure_shape(image_bytes, (None,)), image_size)


# A separate function: its graph is large, and all signatures of a model share it.
@tf.function(autograph=False, reduce_retracing=True)
def _decode_batch(
    image_bytes: tf.Tensor, image_size: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    count = tf.size(image_bytes)
    indices = tf.range(count)
    pixels, is_intact = _decode_some(image_bytes, indices, image_size, _decode_intact)

    def read_again() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        left = tf.boolean_mask(indices, ~is_intact)
        some, is_damaged = _decode_some(image_bytes, left, image_size, _decode_damaged)
        is_good = is_intact | is_damaged
        error = tf.map_fn(
            lambda x: tf.cond(x[1], lambda: "", lambda: _error_message(x[0])),
            (image_bytes, is_good),
            fn_output_signature=tf.TensorSpec((), tf.string),
        )
        return pixels + some, error, is_damaged

    pixels, error, is_damaged = tf.cond(
        tf.reduce_all(is_intact),
        lambda: (pixels, tf.fill((count,), ""), tf.fill((count,), False)),
        read_again,
    )
    return tf.ensure_shape(pixels, (None, image_size, image_size, 3)), error, is_damaged


def _decode_some(
    image_bytes: tf.Tensor,
    indices: tf.Tensor,
    image_size: int,
    decode: Callable[[tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decode images of a batch, and return all pixels and which are decoded."""
    shape = (image_size, image_size, 3)
    count = tf.size(image_bytes)
    # A data set can drop an element without failing the graph. There is one for the
    # whole batch, since setting it up takes longer than decoding a small image.
    good = (
        tf.data.Dataset.from_tensor_slices((indices, tf.gather(image_bytes, indices)))
        .map(lambda i, c: (i, resize_image(decode(c), image_size)), _AT_ONCE)
        .ignore_errors()
    )
    # An extra element, so that there is always a batch.
    last = tf.data.Dataset.from_tensors((count, tf.zeros(shape, tf.uint8)))
    batch = good.concatenate(last).batch(tf.cast(count + 1, tf.int64))
    found, decoded = batch.get_single_element()
    pixels = tf.scatter_nd(found[:, None], decoded, (count + 1, *shape))[:count]
    is_found = tf.scatter_nd(found[:, None], tf.ones_like(found), (count + 1,)) > 0
    return pixels, is_found[:count]


def at_least_one(values: tf.Tensor, message: str = NO_IMAGES) -> tf.Tensor:
    """Return a batch unchanged, or fail with a message if it is empty.

    Otherwise the first convolution would fail, with a message about its kernel.

    Args:
        values: any tensor with a batch dimension.
        message: message of the error.
    """
    check = tf.debugging.assert_positive(tf.shape(values)[0], message)
    with tf.control_dependencies([check]):
        return tf.identity(values)


def _error_message(contents: tf.Tensor) -> tf.Tensor:
    known = [starts_with(contents, s) for s in (_JPEG, _PNG, _GIF, _BMP)]
    encoded = [starts_with(contents, s) for s in _ENCODED]
    is_bmp = starts_with(contents, _BMP)
    return tf.case(
        [
            (tf.strings.length(contents) == 0, lambda: tf.constant(EMPTY)),
            (tf.reduce_any(encoded), lambda: tf.constant(BASE64)),
            (~tf.reduce_any(known), lambda: tf.constant(UNKNOWN)),
            (_pixels_of_header(contents) > _limit(), lambda: tf.constant(TOO_LARGE)),
            (_has_jpeg_too_many(contents), lambda: tf.constant(TOO_LARGE)),
            (is_bmp & ~is_known_bmp(contents), lambda: tf.constant(UNKNOWN_KIND)),
        ],
        default=lambda: tf.constant(BROKEN),
        exclusive=False,
    )


def _pixels_of_header(contents: tf.Tensor) -> tf.Tensor:
    """Return width times height, int64; 0 for a JPEG or without a header."""
    head = first_bytes(contents, 32)
    return tf.case(
        [
            (
                starts_with(contents, _PNG),
                lambda: number_at(head, 16, 4, False) * number_at(head, 20, 4, False),
            ),
            (
                starts_with(contents, _GIF),
                lambda: number_at(head, 6, 2, True) * number_at(head, 8, 2, True),
            ),
            (starts_with(contents, _BMP), lambda: bmp_pixels(contents)),
        ],
        default=lambda: tf.constant(0, tf.int64),
    )


def _has_jpeg_too_many(contents: tf.Tensor) -> tf.Tensor:
    def exceeds_limit() -> tf.Tensor:
        pixels = tf.data.Dataset.from_tensors(contents).map(_jpeg_pixels)
        fallback = tf.data.Dataset.from_tensors(tf.constant(0, tf.int64))
        found = pixels.ignore_errors().concatenate(fallback).take(1)
        return found.get_single_element() > _limit()

    # For any other file the decoder would print a line to the server's log.
    is_jpeg = starts_with(contents, _JPEG)
    return tf.cond(is_jpeg, exceeds_limit, lambda: tf.constant(False))


def _jpeg_pixels(contents: tf.Tensor) -> tf.Tensor:
    shape = tf.cast(tf.io.extract_jpeg_shape(contents, tf.int32), tf.int64)
    return shape[0] * shape[1]


def _decode_intact(contents: tf.Tensor) -> tf.Tensor:
    """Decode one file to upright uint8 (height, width, 3), or fail if data are missing.

    It also fails if the file is broken.
    """
    return _decode(contents, _decode_intact_jpeg, _decode_intact_gif)


def _decode_damaged(contents: tf.Tensor) -> tf.Tensor:
    """Decode what a file has, or fail if it is broken."""
    return _decode(contents, _decode_damaged_jpeg, _decode_gif)


def _decode(
    contents: tf.Tensor,
    decode_jpeg: Callable[[tf.Tensor], tf.Tensor],
    decode_gif: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    with tf.control_dependencies(
        [tf.debugging.assert_less_equal(_pixels_of_header(contents), _limit())]
    ):
        contents = tf.identity(contents)
    image = tf.case(
        [
            (starts_with(contents, _JPEG), lambda: decode_jpeg(contents)),
            (starts_with(contents, _PNG), lambda: _decode_png(contents)),
            (starts_with(contents, _GIF), lambda: decode_gif(contents)),
        ],
        default=lambda: _decode_bmp(contents),
    )
    return tf.ensure_shape(image, (None, None, 3))


def _limit() -> tf.Tensor:
    return tf.constant(MAX_PIXELS, tf.int64)


def _decode_intact_jpeg(contents: tf.Tensor) -> tf.Tensor:
    found = jpeg_structure(contents)
    is_bad = found.is_unusual | found.is_damaged
    with tf.control_dependencies([tf.debugging.assert_equal(is_bad, False)]):
        form = tf.cond(
            found.is_one_pass,
            lambda: without_end(contents, found),
            lambda: contents,
        )
    return _decode_jpeg(contents, form)


def _decode_damaged_jpeg(contents: tf.Tensor) -> tf.Tensor:
    found = jpeg_structure(contents)
    # Without an end marker, a decoder takes the rest for something still to come.
    is_open = found.is_one_pass & (found.scan_end == tf.strings.length(contents))
    is_closed = found.is_one_pass | (found.has_end & found.is_damaged)
    with tf.control_dependencies([tf.debugging.assert_equal(found.is_unusual, False)]):
        form = tf.case(
            [
                (is_open, lambda: without_end(contents, found)),
                (is_closed, lambda: closed(contents, found)),
            ],
            default=lambda: contents,
        )
    return _decode_jpeg(contents, form)


def _decode_jpeg(contents: tf.Tensor, form: tf.Tensor) -> tf.Tensor:
    """Decode a form of a JPEG, turned as the file itself says."""
    with tf.control_dependencies(
        [tf.debugging.assert_less_equal(_jpeg_pixels(contents), _limit())]
    ):
        # The fast method, TensorFlow's default, differs from all other decoders.
        image = tf.io.decode_jpeg(form, channels=3, dct_method="INTEGER_ACCURATE")
    return turn_upright(image, jpeg_orientation(contents))


def _decode_png(contents: tf.Tensor) -> tf.Tensor:
    contents = checked_png(contents)
    # Without an alpha channel, TensorFlow would make up a nearly transparent one for
    # colours of less than eight bits.
    colour_type = first_bytes(contents, 26)[25]
    transparent = find(contents, b"tRNS", BEFORE_PIXELS) >= 0
    image = tf.cond(
        (colour_type >= 4) | transparent,
        lambda: _on_white(tf.io.decode_png(contents, channels=4)),
        lambda: tf.io.decode_png(contents, channels=3),
    )
    return turn_upright(image, png_orientation(contents))


def _decode_intact_gif(contents: tf.Tensor) -> tf.Tensor:
    length = tf.strings.length(contents)
    count = tf.minimum(length, TAIL)
    tail = tf.strings.substr(contents, length - count, count)
    values = tf.io.decode_raw(tail, tf.uint8)
    # Zeros may follow the end.
    last = tf.reduce_max(tf.cast(tf.where(values > 0), tf.int32))
    end = tf.strings.substr(tail, tf.maximum(last - len(GIF_END) + 1, 0), len(GIF_END))
    with tf.control_dependencies([tf.debugging.assert_equal(end, GIF_END)]):
        return _decode_gif(tf.identity(contents))


def _decode_gif(contents: tf.Tensor) -> tf.Tensor:
    version = tf.strings.substr(contents, 0, 6)
    is_known = (version == b"GIF87a") | (version == b"GIF89a")
    with tf.control_dependencies([tf.debugging.assert_equal(is_known, True)]):
        contents = tf.identity(contents)
    # `decode_gif` would decode all frames, of which a small file may have thousands.
    return tf.io.decode_image(contents, channels=3, expand_animations=False)


def _decode_bmp(contents: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies(
        [tf.debugging.assert_equal(is_known_bmp(contents), True)]
    ):
        image = decode_bmp(contents)
    return tf.cond(tf.shape(image)[-1] == 4, lambda: _on_white(image), lambda: image)


def _on_white(image: tf.Tensor) -> tf.Tensor:
    # Pillow's rounding: x / 255 as (x + 128 + (x + 128) // 256) // 256.
    wide = tf.cast(image, tf.int32)
    colour, alpha = wide[..., :3], wide[..., 3:]
    mixed = colour * alpha + 255 * (255 - alpha) + 128
    return tf.cast((mixed + mixed // 256) // 256, tf.uint8)
