"""Which of the shapes of Scenes a region of a picture is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from keras_imgdesc.data.scenes.drawing import draw_cover
from keras_imgdesc.data.scenes.scene_object import SHAPES


@dataclass(frozen=True)
class ShapeFit:
    """A shape laid over a region.

    Args:
        shape: one of `SHAPES`.
        x, y, radius: as those of a `SceneObject`, shares of the picture.
        overlap: what shape and region share, of what they cover together: 1 is exact.
        lead: by how much `overlap` is above that of the second best shape.
    """

    shape: str
    x: float
    y: float
    radius: float
    overlap: float
    lead: float


def fit_shape(cover: np.ndarray) -> ShapeFit:
    """Lays each shape over a region, as large as its area and at its centre of mass.

    Args:
        cover: how much of each pixel the region covers, float `(size, size)` in
            [0, 1], not empty.

    Returns:
        The shape that fits best.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.shape_fitting import fit_shape
    >>> region = np.zeros((64, 64))
    >>> region[20:40, 30:50] = 1
    >>> fit_shape(region).shape
    'square'
    """
    size = len(cover)
    area = float(cover.sum())
    at = (np.arange(size) + 0.5) / size
    x = float(cover.sum(axis=0) @ at) / area
    y = float(cover.sum(axis=1) @ at) / area
    fits = []
    for shape in SHAPES:
        fill, shift = _proportions(shape)
        radius = (area / fill) ** 0.5 / 2 / size
        centre = y - shift * radius
        drawn, top, left = draw_cover(shape, x, centre, radius, size)
        # The shape may reach beyond the picture.
        bottom, right = top + drawn.shape[0], left + drawn.shape[1]
        seen = cover[max(top, 0) : bottom, max(left, 0) : right]
        drawn = drawn[max(-top, 0) :, max(-left, 0) :]
        drawn = drawn[: seen.shape[0], : seen.shape[1]]
        shared = float(np.minimum(seen, drawn).sum())
        overlap = shared / (area + float(drawn.sum()) - shared)
        fits.append((overlap, shape, centre, radius))
    fits.sort(reverse=True)
    overlap, shape, centre, radius = fits[0]
    return ShapeFit(shape, x, centre, radius, overlap, overlap - fits[1][0])


@cache
def _proportions(shape: str) -> tuple[float, float]:
    """Share of its square that a shape fills; how far its mass lies below, in radii."""
    size = 400
    cover, top, _ = draw_cover(shape, 0.5, 0.5, 0.4, size)
    rows = np.arange(len(cover)) + top + 0.5
    mass = float(cover.sum(axis=1) @ rows) / float(cover.sum())
    return float(cover.sum()) / (0.8 * size) ** 2, (mass - 0.5 * size) / (0.4 * size)
