"""Random changes of pictures that gradients go through."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError

# Numbers from [0, 1) that the changes of one picture take.
CHANCES = 8
CHANGES = ("colour", "translation", "cutout", "flip")


def change_pictures(
    pixels: Any,
    chances: Any,
    changes: tuple[str, ...],
    translation: float = 0.125,
    cutout: float = 0.5,
) -> Any:
    """Changes pictures at random, real and painted ones alike.

    A discriminator that only ever sees changed pictures cannot learn few real ones by
    heart, and the changes do not leak into what is painted.

    Args:
        pixels: float (batch, size, size, 3) in [-1, 1].
        chances: float (batch, `CHANCES`), uniform in [0, 1): all the chance there is.
        changes: of `"colour"` (brightness, saturation, contrast), `"translation"`,
            `"cutout"` and `"flip"`; mirror no pictures whose words say left or right.
        translation: largest shift, as a share of the side.
        cutout: side of the square that is cut out, as a share of the picture's.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import change_pictures
    >>> pictures = np.zeros((1, 8, 8, 3), "float32")
    >>> chances = np.full((1, 8), 0.999, "float32")
    >>> brighter = np.asarray(change_pictures(pictures, chances, ("colour",)))
    >>> brighter[0, 4, 4].round(3)
    array([0.499, 0.499, 0.499], dtype=float32)

    Reference:
        Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training",
        https://arxiv.org/abs/2006.10738
    """
    check_changes(changes)
    size = pixels.shape[1]
    chances = ops.cast(chances, "float32")
    if "colour" in changes:
        pixels = _coloured(pixels, chances[:, 0:3])
    if "flip" in changes:
        is_flipped = (chances[:, 3] < 0.5)[:, None, None, None]
        pixels = ops.where(is_flipped, ops.flip(pixels, axis=2), pixels)
    if "translation" in changes:
        reach = int(size * translation + 0.5)
        pixels = _shifted(pixels, ops.floor(chances[:, 4:6] * (2 * reach + 1)) - reach)
    if "cutout" in changes:
        side = int(size * cutout + 0.5)
        pixels = _cut(pixels, ops.floor(chances[:, 6:8] * (size + 1 - side % 2)), side)
    return pixels


def check_changes(changes: Any) -> None:
    """Refuses changes that there are not.

    Raises:
        InputError: naming them.
    """
    unknown = sorted(set(changes) - set(CHANGES))
    if unknown:
        raise InputError(
            f"Changes of pictures are {CHANGES}", "Choose of them", changes=unknown
        )


def _coloured(pixels: Any, chances: Any) -> Any:
    brightness, saturation, contrast = (
        ops.cast(chances[:, i], pixels.dtype)[:, None, None, None] for i in range(3)
    )
    pixels = pixels + (brightness - 0.5)
    grey = ops.mean(pixels, axis=3, keepdims=True)
    pixels = (pixels - grey) * (2 * saturation) + grey
    mean = ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
    return (pixels - mean) * (contrast + 0.5) + mean


def _shifted(pixels: Any, shift: Any) -> Any:
    """What leaves the picture is lost, and zeros come in."""
    # A shift as two products with matrices of zeros and ones: no gather, whose
    # gradient is slow.
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


def _cut(pixels: Any, centre: Any, side: int) -> Any:
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
