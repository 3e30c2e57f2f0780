"""Inputs of the tasks: one image, several, a data set or a stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.sources import (
    holds_objects,
    is_array_like,
    is_file,
    path_or_content,
)

_SINGLE = (str, bytes, bytearray, memoryview, os.PathLike, Image.Image)


def is_single(inputs: Any) -> bool:
    """Return whether `inputs` is a single image."""
    if isinstance(inputs, _SINGLE) or is_file(inputs):
        return True
    if not is_array_like(inputs):
        return False
    try:
        dimensions = len(np.shape(inputs))
    # A tensor of a graph may have no known rank; `load_image` refuses it by name.
    except ValueError:
        return True
    return dimensions < (1 if holds_objects(inputs) else 4)


def fitting_batch_size(inputs: Any, batch_size: int) -> int:
    """Return a smaller batch size for few images: a power of two, 1 for one image.

    Args:
        inputs: one image or several, see `iterate_images`.
        batch_size: the batch size for many images.
    """
    if is_single(inputs):
        return 1
    if not hasattr(inputs, "__len__") or hasattr(inputs, "as_numpy_iterator"):
        return batch_size
    return min(batch_size, 1 << max(len(inputs) - 1, 0).bit_length())


def iterate_images(inputs: Any) -> Iterator[Any]:
    """Iterate over the images in `inputs`.

    Args:
        inputs: anything that `ImageCaptioner.generate` takes: an image, as in
            `load_image`; an iterable of images; an array or tensor of images (images,
            height, width, channels), of paths or of the contents of files; or a
            `tf.data.Dataset` of those, alone or as `"image"` of a dict.

    Raises:
        InputError: `inputs` is something else.

    Example:

    >>> from keras_imgdesc.images import iterate_images
    >>> list(iterate_images("a.jpg")), list(iterate_images(["a.jpg", "b.jpg"]))
    (['a.jpg'], ['a.jpg', 'b.jpg'])
    """
    if is_single(inputs):
        return iter([inputs])
    if hasattr(inputs, "as_numpy_iterator"):
        return _from_dataset(inputs)
    if is_array_like(inputs) and holds_objects(inputs):
        return iter(_elements(np.asarray(inputs)))
    # An object with `__array__` alone is no iterable.
    if is_array_like(inputs) and not hasattr(inputs, "__iter__"):
        return iter(np.asarray(inputs))
    if not isinstance(inputs, Iterable):
        raise InputError(
            "Images must be paths, bytes, open files, Pillow images, uint8 arrays, a "
            "list of them or a tf.data.Dataset",
            "Load them with load_image",
            type=type(inputs).__name__,
        )
    return iter(inputs)


def _from_dataset(dataset: Any) -> Iterator[Any]:
    for element in dataset.as_numpy_iterator():
        image = element.get("image") if isinstance(element, dict) else element
        if isinstance(image, bytes):
            yield path_or_content(image)
        elif isinstance(image, np.ndarray) and image.dtype == object:
            yield from _elements(image)
        elif isinstance(image, np.ndarray) and image.ndim == 4:
            yield from image
        elif isinstance(image, np.ndarray):
            yield image
        else:
            raise InputError(
                "A data set must have images, paths, or dicts with 'image'",
                "Map its elements to one of these",
                element=type(element).__name__,
            )


def _elements(array: np.ndarray) -> list[Any]:
    return [
        path_or_content(element) if isinstance(element, bytes) else element
        for element in array.ravel().tolist()
    ]
