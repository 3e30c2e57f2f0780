"""Inputs that stand for those to come, which int8 weights and ranges are fitted to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.signature import Examples
from keras_imgdesc.images import load_image, resize_image

# Scenes drawn when the caller gives none.
DRAWN = 100


def image_examples(size: int, images: Iterable[Any] | None) -> Examples:
    """Make inputs of signatures that take one `image`.

    Args:
        size: side of the square, in pixels.
        images: see `read_representative`.
    """
    return [{"image": image} for image in read_representative(images, size)]


def read_representative(images: Iterable[Any] | None, size: int) -> list[np.ndarray]:
    """Read representative images, uint8 (1, size, size, 3).

    Args:
        images: whatever `load_image` takes; None means images of Scenes.
        size: side of the square, in pixels.

    Raises:
        InputError: there are no images.
        ImageError: an image cannot be read.
    """
    if images is None:
        from keras_imgdesc.data.scenes import make_scene

        images = (make_scene("train", i)[1] for i in range(DRAWN))
    resized = [resize_image(load_image(image), size)[None] for image in images]
    if not resized:
        raise InputError(
            "Full int8 needs representative images",
            "Give about a hundred images like those that the model will receive",
            representative_images=0,
        )
    return resized


def drawn_captions() -> list[str]:
    """Return one caption of each drawn scene."""
    from keras_imgdesc.data.scenes import caption_scene, make_scene

    captions = [caption_scene(make_scene("train", i)[0]) for i in range(DRAWN)]
    return [several[i % len(several)] for i, several in enumerate(captions)]
