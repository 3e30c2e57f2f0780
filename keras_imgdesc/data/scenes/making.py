"""A scene and its image as a pure function of split, number and seed."""

from __future__ import annotations

import numpy as np

from keras_imgdesc.data.scenes.drawing import draw_scene
from keras_imgdesc.data.scenes.sampling import sample_scene
from keras_imgdesc.data.scenes.scene_graph import SceneGraph

IMAGE_SIZE = 96
SPLITS = ("train", "validation", "test", "composition")


def make_scene(
    split: str, number: int, image_size: int = IMAGE_SIZE, seed: int = 0
) -> tuple[SceneGraph, np.ndarray]:
    """Sample a scene and draw it; equal arguments give equal scenes.

    Args:
        split: one of `SPLITS`. Every scene of `"composition"` has a held-out pair of
            colour and shape, no scene of the others has one.
        number: number of the scene, from 0.
        image_size: side of the image in pixels; the scene does not depend on it.
        seed: seed of the data set.

    Returns:
        The scene, and uint8 RGB `(image_size, image_size, 3)`.

    Example:

    >>> from keras_imgdesc.data.scenes import make_scene
    >>> graph, image = make_scene("train", 0)
    >>> image.shape, image.dtype.name
    ((96, 96, 3), 'uint8')
    """
    generator = np.random.default_rng([seed, SPLITS.index(split), number])
    graph = sample_scene(generator, held_out=split == "composition")
    return graph, draw_scene(graph, generator, image_size)
