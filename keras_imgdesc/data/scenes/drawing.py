"""Drawing of scenes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from keras_imgdesc.data.scenes.backgrounds import draw_background
from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import SceneObject

RGB = {
    "red": (214, 36, 40),
    "green": (38, 150, 54),
    "blue": (40, 78, 214),
    "yellow": (246, 222, 40),
    "purple": (138, 48, 168),
    "orange": (248, 132, 20),
    "white": (246, 246, 246),
    "black": (14, 14, 16),
}
# Largest random change of an object's colour, per channel.
COLOUR_JITTER = 10
_SUPERSAMPLING = 4


def draw_scene(
    graph: SceneGraph, generator: np.random.Generator, image_size: int = 96
) -> np.ndarray:
    """Draw a scene with anti-aliased edges on a muted background.

    Args:
        graph: the scene.
        generator: source of the background and of small changes of colour.
        image_size: side of the image in pixels, at least 32.

    Returns:
        uint8 RGB `(image_size, image_size, 3)`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import SceneGraph, SceneObject
    >>> from keras_imgdesc.data.scenes.drawing import draw_scene
    >>> graph = SceneGraph((SceneObject("large", "red", "circle", 0.5, 0.5, 0.17),))
    >>> image = draw_scene(graph, np.random.default_rng(0))
    >>> image.shape, bool(image[48, 48, 0] > 200)
    ((96, 96, 3), True)
    """
    # Colours are drawn before the background, so that they do not depend on the size.
    count = (len(graph.objects), 3)
    jitter = generator.integers(-COLOUR_JITTER, COLOUR_JITTER, count, endpoint=True)
    canvas = draw_background(generator, image_size)
    for item, change in zip(graph.objects, jitter, strict=True):
        colour = (np.array(RGB[item.colour]) + change).clip(0, 255)
        _blend(canvas, item, colour.astype(np.float32))
    return np.rint(canvas.clip(0, 255)).astype(np.uint8)


def _blend(canvas: np.ndarray, item: SceneObject, colour: np.ndarray) -> None:
    """Blend an object into float `(size, size, 3)`, in place."""
    size = len(canvas)
    cover, top, left = draw_cover(item.shape, item.x, item.y, item.radius, size)
    bottom, right = top + cover.shape[0], left + cover.shape[1]
    mask = cover[..., None]
    region = canvas[max(top, 0) : bottom, max(left, 0) : right]
    mask = mask[max(-top, 0) :, max(-left, 0) :][: len(region), : region.shape[1]]
    region += mask * (colour - region)


def draw_cover(
    shape: str, x: float, y: float, radius: float, size: int
) -> tuple[np.ndarray, int, int]:
    """Return the share of each pixel that a shape covers.

    Args:
        shape: one of `SHAPES`.
        x: centre, from 0 at the left to 1 at the right of the image.
        y: centre, from 0 at the top to 1 at the bottom.
        radius: half the width, as a share of the image's width.
        size: side of the image in pixels.

    Returns:
        `(cover, top, left)`: float32 `(rows, columns)` in [0, 1] around the shape, and
        its position in the image, which may be negative.

    Example:

    >>> from keras_imgdesc.data.scenes.drawing import draw_cover
    >>> cover, top, left = draw_cover("square", 0.5, 0.5, 0.25, 20)
    >>> round(float(cover.sum())), top, left
    (86, 5, 5)
    """
    left, top = (int((at - radius) * size) for at in (x, y))
    right, bottom = (int((at + radius) * size) + 2 for at in (x, y))
    canvas = Image.new(
        "L", ((right - left) * _SUPERSAMPLING, (bottom - top) * _SUPERSAMPLING)
    )
    # Pillow also draws the pixels under the outline, half a pixel too much.
    x = (x * size - left) * _SUPERSAMPLING - 0.5
    y = (y * size - top) * _SUPERSAMPLING - 0.5
    radius = radius * size * _SUPERSAMPLING
    draw = ImageDraw.Draw(canvas)
    if shape == "circle":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    else:
        draw.polygon(_pairs(OUTLINES[shape] * radius + (x, y)), fill=255)
    cover = np.asarray(canvas.reduce(_SUPERSAMPLING), np.float32) / 255
    return cover, top, left


def _pairs(points: np.ndarray) -> list[tuple[float, float]]:
    """Return `(points, 2)` in the form that Pillow accepts."""
    return [(float(x), float(y)) for x, y in points]


def _star() -> np.ndarray:
    turns = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2 == 0, 1, 0.42)
    return np.stack([reach * np.sin(turns), -reach * np.cos(turns)], axis=1)


def _heart() -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = [
        size * np.cos(times * turns) for times, size in enumerate((13, -5, -2, -1), 1)
    ]
    return np.stack([np.sin(turns) ** 3, -sum(waves) / 16], axis=1)


def _cross(arm: float = 0.34) -> np.ndarray:
    quarter = np.array([(arm, -1), (arm, -arm), (1, -arm)])
    turn = np.array([(0, 1), (-1, 0)])
    return np.concatenate(
        [quarter @ np.linalg.matrix_power(turn, times) for times in range(4)]
    )


# Corners in [-1, 1], x to the right and y downwards.
OUTLINES = {
    "square": np.array([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
    "triangle": np.array([(0, -1), (1, 0.85), (-1, 0.85)]),
    "star": _star(),
    "cross": _cross(),
    "heart": _heart(),
}
