"""One scene and its picture from three numbers."""

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
    """Makes one scene and draws it: a pure function of its arguments.

    Args:
        split: one of `SPLITS`; `"composition"` has a held-out pair of colour and
            shape in each scene, the others have none.
        number: from 0.
        image_size: side of the picture in pixels; the scene is the same at each.
        seed: another seed, another data set.

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
