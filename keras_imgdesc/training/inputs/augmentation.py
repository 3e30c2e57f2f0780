"""Random changes of training images."""

from dataclasses import dataclass

import tensorflow as tf

# At full colour strength: levels added to pixels, and relative change of contrast.
BRIGHTNESS = 40.0
CONTRAST = 0.4


@dataclass(frozen=True)
class Augmentation:
    """Changes to apply; false if there are none.

    Attributes:
        flip: whether an image may be mirrored left to right.
        crop: smallest side of a random crop, as a share of the image's; 1 is no crop.
        colour: strength of random contrast and brightness, from 0 to 1.
        shrink: side in pixels to which an image is reduced before it is enlarged
            again; 0 is not at all.
    """

    flip: bool = False
    crop: float = 1.0
    colour: float = 0.0
    shrink: int = 0

    def __bool__(self) -> bool:
        return bool(self.flip or self.crop < 1 or self.colour > 0 or self.shrink)


def augment(images: tf.Tensor, key: tf.Tensor, how: Augmentation) -> tf.Tensor:
    """Crop, mirror and recolour images at random, then reduce their detail.

    Args:
        images: uint8 `(batch, size, size, 3)`.
        key: int64 `(2,)`, the seed. Equal keys give equal results.
        how: changes to apply.

    Returns:
        float32 in [0, 255], of the same shape.
    """
    count, size = tf.shape(images)[0], images.shape[1]
    draws = tf.random.stateless_uniform([7, count], key)
    side = how.crop + (1 - how.crop) * draws[0]
    top, left = draws[1] * (1 - side), draws[2] * (1 - side)
    right = left + side
    if how.flip:
        mirrored = draws[3] < 0.5
        left, right = tf.where(mirrored, right, left), tf.where(mirrored, left, right)
    boxes = tf.stack([top, left, top + side, right], axis=1)
    pixels = tf.cast(images, tf.float32)
    if how.flip or how.crop < 1:
        pixels = tf.image.crop_and_resize(pixels, boxes, tf.range(count), (size, size))
    contrast = 1 + CONTRAST * how.colour * (2 * draws[4] - 1)
    shift = BRIGHTNESS * how.colour * (2 * draws[5] - 1)
    pixels = (pixels - 128) * contrast[:, None, None, None] + 128
    pixels = tf.clip_by_value(pixels + shift[:, None, None, None], 0, 255)
    if how.shrink:
        small = tf.image.resize(pixels, (how.shrink, how.shrink), antialias=True)
        pixels = tf.image.resize(small, (size, size))
    return pixels
