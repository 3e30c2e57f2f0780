"""Random, differentiable augmentation of images."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError

# Uniform random numbers that the augmentations of one image take.
NUM_UNIFORM = 8
AUGMENTATIONS = ("colour", "translation", "cutout", "flip")


def augment(
    pixels: Any,
    uniform: Any,
    augmentations: tuple[str, ...],
    translation: float = 0.125,
    cutout: float = 0.5,
) -> Any:
    """Augment images, real and painted ones alike.

    A discriminator that only ever gets augmented images cannot memorize a small data
    set, and because gradients pass through the augmentations, they do not leak into
    what is painted.

    Args:
        pixels: float (batch, size, size, 3) in [-1, 1].
        uniform: float (batch, `NUM_UNIFORM`), uniform in [0, 1); the only source of
            randomness.
        augmentations: any of `"colour"` (brightness, saturation and contrast),
            `"translation"`, `"cutout"` and `"flip"`. Do not flip images whose texts
            mention left or right.
        translation: largest shift, as a share of the side.
        cutout: side of the erased square, as a share of the image's side.

    Returns:
        float (batch, size, size, 3).

    Raises:
        InputError: an augmentation is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import augment
    >>> images = np.zeros((1, 8, 8, 3), "float32")
    >>> uniform = np.full((1, 8), 0.999, "float32")
    >>> brighter = np.asarray(augment(images, uniform, ("colour",)))
    >>> brighter[0, 4, 4].round(3)
    array([0.499, 0.499, 0.499], dtype=float32)

    Reference:
        Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training",
        https://arxiv.org/abs/2006.10738
    """
    unknown = sorted(set(augmentations) - set(AUGMENTATIONS))
    if unknown:
        raise InputError(
            f"An augmentation must be one of {list(AUGMENTATIONS)}",
            f"Use some of {list(AUGMENTATIONS)}",
            augmentations=unknown,
        )
    size = pixels.shape[1]
    uniform = ops.cast(uniform, "float32")
    if "colour" in augmentations:
        pixels = _change_colours(pixels, uniform[:, 0:3])
    if "flip" in augmentations:
        is_flipped = (uniform[:, 3] < 0.5)[:, None, None, None]
        pixels = ops.where(is_flipped, ops.flip(pixels, axis=2), pixels)
    if "translation" in augmentations:
        reach = int(size * translation + 0.5)
        pixels = _translate(
            pixels, ops.floor(uniform[:, 4:6] * (2 * reach + 1)) - reach
        )
    if "cutout" in augmentations:
        side = int(size * cutout + 0.5)
        pixels = _cut_out(
            pixels, ops.floor(uniform[:, 6:8] * (size + 1 - side % 2)), side
        )
    return pixels


def _change_colours(pixels: Any, uniform: Any) -> Any:
    brightness, saturation, contrast = (
        ops.cast(uniform[:, i], pixels.dtype)[:, None, None, None] for i in range(3)
    )
    pixels = pixels + (brightness - 0.5)
    grey = ops.mean(pixels, axis=3, keepdims=True)
    pixels = (pixels - grey) * (2 * saturation) + grey
    mean = ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
    return (pixels - mean) * (contrast + 0.5) + mean


def _translate(pixels: Any, shift: Any) -> Any:
    """Shift images and fill with zeros."""
    # Two products with matrices of zeros and ones instead of a gather, whose gradient
    # is slow.
    size = pixels.shape[1]
    place = ops.arange(size, dtype="float32")
    rows, columns = (
        ops.cast(
            ops.equal(place[None, :, None] + shift[:, i][:, None, None], place),
            pixels.dtype,
        )
        for i in range(2)
    )
    flat = ops.reshape(pixels, (-1, size, size * 3))
    moved = ops.reshape(ops.matmul(rows, flat), (-1, size, size, 3))
    moved = ops.reshape(ops.transpose(moved, (0, 2, 1, 3)), (-1, size, size * 3))
    moved = ops.reshape(ops.matmul(columns, moved), (-1, size, size, 3))
    return ops.transpose(moved, (0, 2, 1, 3))


def _cut_out(pixels: Any, centre: Any, side: int) -> Any:
    place = ops.arange(pixels.shape[1], dtype="float32")
    start = centre - side // 2
    inside = [
        ops.logical_and(
            place[None] >= start[:, i, None], place[None] < start[:, i, None] + side
        )
        for i in range(2)
    ]
    hole = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])
    return pixels * ops.cast(ops.logical_not(hole), pixels.dtype)[..., None]
