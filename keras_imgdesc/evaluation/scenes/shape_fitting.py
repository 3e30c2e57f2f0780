"""The shape of Scenes that fits a region of an image best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from keras_imgdesc.data.scenes.drawing import draw_cover
from keras_imgdesc.data.scenes.scene_object import SHAPES

# Side in pixels of the frame in which regions are compared, and of a square in it that
# has the area of the region.
FRAME = 28
SIDE = 13
# Variants of each shape: softness of the edge as a share of the radius, ratio of width
# to height, and offset from the centre in pixels of the frame.
SOFTNESS = (0.0, 0.1, 0.2, 0.3)
ASPECTS = (0.88, 1.0, 1.14)
SHIFTS = (-0.7, 0.0, 0.7)


@dataclass(frozen=True)
class ShapeFit:
    """A shape fitted to a region.

    Args:
        shape: one of `SHAPES`.
        x: centre, from 0 at the left to 1 at the right of the image.
        y: centre, from 0 at the top to 1 at the bottom.
        radius: half the width, as a share of the image's width.
        overlap: intersection over union of shape and region; 1 is exact.
    """

    shape: str
    x: float
    y: float
    radius: float
    overlap: float


@dataclass(frozen=True)
class _Bank:
    """Variants of all shapes: indices of the shapes, radii, offsets and pixels."""

    shapes: np.ndarray
    radii: np.ndarray
    rises: np.ndarray
    frames: np.ndarray


def fit_shape(cover: np.ndarray) -> ShapeFit:
    """Fit every shape to a region, with its area and centre of mass.

    Variants with sharp and soft edges, slightly wider, higher or off-centre are tried,
    because a painted shape is seldom exact.

    Args:
        cover: share of each pixel that the region covers, float `(size, size)` in
            [0, 1], not all 0.

    Returns:
        The shape that fits best.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.scenes.shape_fitting import fit_shape
    >>> region = np.zeros((64, 64))
    >>> region[20:40, 30:50] = 1
    >>> fit_shape(region).shape
    'square'
    """
    from scipy import ndimage

    size = len(cover)
    area = float(cover.sum())
    at = np.arange(size) + 0.5
    x = float(cover.sum(axis=0) @ at) / area
    y = float(cover.sum(axis=1) @ at) / area
    # Pixels of the image per pixel of the frame.
    step = area**0.5 / SIDE
    steps = (np.arange(FRAME) - (FRAME - 1) / 2) * step
    rows, columns = np.meshgrid(y + steps - 0.5, x + steps - 0.5, indexing="ij")
    frame = ndimage.map_coordinates(cover, (rows, columns), order=1, mode="constant")
    bank = _bank()
    frame = frame.astype(np.float32).ravel()
    shared = np.minimum(bank.frames, frame).sum(axis=1)
    overlaps = shared / (bank.frames.sum(axis=1) + frame.sum() - shared)
    best = int(np.argmax(overlaps))
    radius = float(bank.radii[best] * step / size)
    return ShapeFit(
        SHAPES[bank.shapes[best]],
        x / size,
        y / size - float(bank.rises[best]) * radius,
        radius,
        float(overlaps[best]),
    )


@cache
def _bank() -> _Bank:
    from scipy import ndimage

    size, scale = 240, 0.3
    shapes, radii, rises, frames = [], [], [], []
    for number, shape in enumerate(SHAPES):
        drawn, top, left = draw_cover(shape, 0.5, 0.5, scale, size)
        cover = np.zeros((size, size), np.float32)
        cover[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        area, radius = float(cover.sum()), scale * size
        middle = ndimage.center_of_mass(cover)
        for softness, aspect in product(SOFTNESS, ASPECTS):
            soft = ndimage.gaussian_filter(cover, softness * radius)
            step = area**0.5 / SIDE
            for down, right in product(SHIFTS, SHIFTS):
                at = np.arange(FRAME) - (FRAME - 1) / 2
                rows, columns = np.meshgrid(
                    middle[0] + (at - down) * step * aspect**0.5,
                    middle[1] + (at - right) * step / aspect**0.5,
                    indexing="ij",
                )
                frames.append(ndimage.map_coordinates(soft, (rows, columns), order=1))
                shapes.append(number)
                radii.append(radius / step)
                rises.append((middle[0] + 0.5 - size / 2) / radius)
    pixels = np.stack(frames).reshape(len(frames), -1).astype(np.float32)
    return _Bank(np.array(shapes), np.array(radii), np.array(rises), pixels)
