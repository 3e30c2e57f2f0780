"""Random scenes."""

from __future__ import annotations

import numpy as np

from keras_imgdesc.data.scenes.scene_graph import SceneGraph
from keras_imgdesc.data.scenes.scene_object import COLOURS, SHAPES, SIZES, SceneObject

COUNT_SHARES = {1: 0.2, 2: 0.4, 3: 0.4}
# Widths at 96 pixels: 16 to 20, and 31 to 36. The gap between them keeps small and
# large objects distinguishable.
RADII = {"small": (0.085, 0.105), "large": (0.16, 0.19)}
MARGIN = 0.02
GAP = 0.04
# Smallest ratio of the longer to the shorter distance of two objects along x and y. At
# the smallest distance, this is a margin of 8 pixels of 96.
DOMINANCE = 1.6
_TRIES = 40


def sample_scene(generator: np.random.Generator, held_out: bool = False) -> SceneGraph:
    """Sample one to three objects that do not overlap and differ in their words.

    Args:
        generator: source of all randomness.
        held_out: True for at least one object of a pair in `HELD_OUT`, False for none.

    Returns:
        The scene, its objects in reading order.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes.sampling import sample_scene
    >>> graph = sample_scene(np.random.default_rng(0), held_out=True)
    >>> any(item.is_held_out for item in graph.objects)
    True
    """
    counts, shares = list(COUNT_SHARES), list(COUNT_SHARES.values())
    count = int(generator.choice(counts, p=shares))
    while True:
        objects = _place(_words(generator, count), generator)
        if objects is None:
            continue
        if any(item.is_held_out for item in objects) == held_out:
            return SceneGraph(tuple(sorted(objects, key=lambda item: item.x + item.y)))


def _words(generator: np.random.Generator, count: int) -> list[tuple[str, str, str]]:
    options = len(SIZES) * len(COLOURS) * len(SHAPES)
    words = []
    for number in generator.choice(options, count, replace=False):
        number, size = divmod(int(number), len(SIZES))
        colour, shape = divmod(number, len(SHAPES))
        words.append((SIZES[size], COLOURS[colour], SHAPES[shape]))
    return words


def _place(
    words: list[tuple[str, str, str]], generator: np.random.Generator
) -> list[SceneObject] | None:
    """Return objects at positions far enough apart, or None if no position is found."""
    placed: list[SceneObject] = []
    for size, colour, shape in words:
        radius = generator.uniform(*RADII[size])
        edge = radius + MARGIN
        for x, y in generator.uniform(edge, 1 - edge, (_TRIES, 2)):
            if all(_is_clear(x, y, radius, other) for other in placed):
                # Rounded, so that JSON reproduces the scene exactly.
                place = round(float(x), 4), round(float(y), 4)
                placed.append(
                    SceneObject(size, colour, shape, *place, round(radius, 4))
                )
                break
        else:
            return None
    return placed


def _is_clear(x: float, y: float, radius: float, other: SceneObject) -> bool:
    short, long = sorted((abs(x - other.x), abs(y - other.y)))
    # Shapes are within their squares, so a distance along one axis is enough.
    return long > radius + other.radius + GAP and long >= DOMINANCE * short
