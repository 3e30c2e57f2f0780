"""A reader of images of Scenes that works by rules, without a learned model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_imgdesc.data.scenes.drawing import RGB
from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import COLOURS, SceneObject
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.scenes.shape_fitting import fit_shape

SMALLEST_SIDE = 32
# Range of the greys of backgrounds, which are slightly tinted.
GREYS = (95, 168)
# Radius half way between the largest small object and the smallest large one.
LARGE = 0.13
# Largest share of the image that is a speck. The smallest object, a star, covers 0.009.
SPECK = 0.0035
# Smallest overlap at which a region has the shape that fits it best.
CLEAR = 0.6


@dataclass(frozen=True)
class SceneReading:
    """The content of an image.

    Args:
        graph: the objects found, in reading order.
        overlaps: how well the shape of each object fits; 1 is exact.
        unclear: number of coloured regions, except specks, without a known shape.
    """

    graph: SceneGraph
    overlaps: tuple[float, ...]
    unclear: int


def read_scene(image: np.ndarray) -> SceneReading:
    """Find coloured regions on a grey background and fit shapes to them.

    Each pixel is assigned to the nearest of the eight colours of Scenes or to the
    nearest grey that a background can have. Connected pixels of one colour are a
    region. The share of each pixel at its edge that it covers is computed from the
    mixture of its colour and the background around it. Of the six shapes, with sharp
    and soft edges, the one with the largest overlap is chosen.

    Args:
        image: uint8 RGB `(size, size, 3)`, `size` at least 32.

    Returns:
        The objects. Whether one is small or large depends on its share of the image.

    Raises:
        InputError: the image has another dtype or shape, or scipy is not installed.

    Example:

    >>> from keras_imgdesc.data.scenes import make_scene
    >>> from keras_imgdesc.evaluation.scenes.scene_reader import read_scene
    >>> graph, image = make_scene("test", 0)
    >>> found = read_scene(image).graph
    >>> [o.words for o in found.objects] == [o.words for o in graph.objects]
    True
    """
    ndimage = _ndimage()
    _check(image)
    pixels = image.astype(np.float32)
    size = len(image)
    labels = nearest_colours(pixels)
    found, unclear = [], 0
    is_ground = ndimage.binary_erosion(labels < 0, border_value=1)
    for index, colour in enumerate(COLOURS):
        regions, count = ndimage.label(labels == index)
        areas = np.bincount(regions.ravel(), minlength=count + 1)
        for number in range(1, count + 1):
            if areas[number] < SPECK * size**2:
                continue
            region = regions == number
            if is_rim(region, ndimage):
                continue
            cover = _cover(pixels, region, labels, is_ground, ndimage)
            fit = fit_shape(cover)
            if fit.overlap < CLEAR:
                unclear += 1
                continue
            item = SceneObject(
                "large" if fit.radius > LARGE else "small",
                colour,
                fit.shape,
                fit.x,
                fit.y,
                fit.radius,
            )
            found.append((item, fit.overlap))
    found.sort(key=lambda pair: pair[0].x + pair[0].y)
    objects = tuple(item for item, _ in found)
    return SceneReading(SceneGraph(objects), tuple(o for _, o in found), unclear)


def nearest_colours(pixels: np.ndarray) -> np.ndarray:
    """Return the colour of Scenes that each pixel is nearest to.

    Args:
        pixels: float RGB `(rows, columns, 3)` in [0, 255].

    Returns:
        int `(rows, columns)`: an index into `COLOURS`, or -1 if a grey is nearer.
    """
    grey = pixels.mean(axis=-1, keepdims=True).clip(*GREYS)
    distances = [np.square(pixels - grey).sum(axis=-1)]
    for colour in COLOURS:
        distances.append(np.square(pixels - np.array(RGB[colour])).sum(axis=-1))
    return np.argmin(distances, axis=0) - 1


def is_rim(region: np.ndarray, ndimage) -> bool:
    """Return whether a region is only the line between two other regions.

    Args:
        region: bool `(size, size)`.
        ndimage: the module `scipy.ndimage`.
    """
    depth = ndimage.distance_transform_edt(np.pad(region, 1)).max()
    # Half the width of an arm of the smallest cross is 0.029 of the image's side.
    return bool(depth < 0.02 * len(region))


def _cover(pixels, region, labels, is_ground, ndimage) -> np.ndarray:
    """Return the share of each pixel that a region covers, its soft edge included."""
    near = _dilate(region, 0.05, ndimage)
    around = _dilate(near, 0.05, ndimage) & is_ground & ~near
    if not around.any():
        around = is_ground if is_ground.any() else ~region
    if not around.any():
        return region.astype(np.float32)
    ground = np.median(pixels[around], axis=0)
    # With soft edges, the mean colour of a small shape is paler than its colour.
    inside = pixels[region]
    depth = (inside - ground) @ (inside.mean(axis=0) - ground)
    span = inside[depth >= np.quantile(depth, 0.6)].mean(axis=0) - ground
    share = (pixels - ground) @ span / max(1.0, float(span @ span))
    is_free = (labels < 0) | region
    # Thin tips of a blurred star are nearer to grey than to its colour.
    grown = ndimage.binary_propagation(region, mask=near & is_free & (share > 0.2))
    rim = _dilate(grown, 0.0125, ndimage)
    return np.where(rim & is_free, share.clip(0, 1), 0.0)


def _dilate(region, share: float, ndimage) -> np.ndarray:
    """Return a region grown by a share of the image's side."""
    steps = max(1, round(len(region) * share))
    return ndimage.binary_dilation(region, iterations=steps)


def _check(image: np.ndarray) -> None:
    is_valid = (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[0] == image.shape[1] >= SMALLEST_SIDE
        and image.shape[2] == 3
    )
    if not is_valid:
        raise InputError(
            "An image of Scenes must be uint8 (size, size, 3) with size at least 32",
            "Convert it with `load_image` and `resize_image`",
            shape=getattr(image, "shape", None),
            dtype=str(getattr(image, "dtype", type(image).__name__)),
        )


def _ndimage():
    try:
        from scipy import ndimage
    except ImportError as error:
        raise InputError(
            "Reading scenes needs scipy",
            "Run: pip install 'keras-imgdesc[eval]'",
            missing="scipy",
        ) from error
    return ndimage
