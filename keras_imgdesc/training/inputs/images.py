"""The images of a collection as arrays to train on."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc import images
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.feature_cache import extract_features
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable
from keras_imgdesc.training.inputs.augmentation import Augmentation
from keras_imgdesc.training.inputs.views import ImageViews

LOGGER = logging.getLogger(__name__)

# From row numbers to an array (rows, ...): uint8 pixels or float feature maps.
Gather = Callable[[np.ndarray], np.ndarray]


def read_inputs(
    collection: CaptionCollection,
    frozen: Any,
    path: Path,
    *,
    image_size: int,
    views: int = 1,
    augmentation: Augmentation,
    seed: int,
    progress: bool,
) -> tuple[Gather, CaptionCollection]:
    """Read what the trained part of a model takes for each image.

    With frozen layers that is their output, computed once and cached; otherwise it is
    the pixels.

    Args:
        collection: images; unreadable ones are skipped with a warning.
        frozen: model of the frozen layers, or `None`.
        path: folder of the cache.
        image_size: side of the images in pixels.
        views, augmentation, seed: see `ImageViews`; for cached outputs only.
        progress: whether to show a progress bar.

    Returns:
        A function from row numbers to an array: uint8 `(rows, size, size, 3)` or float
        feature maps, of which each image has `views` consecutive ones. And the images
        that could be read.

    Raises:
        InputError: no image can be read.
    """
    if frozen is None:
        pixels, failed = read_pixels(collection, image_size)
        return lambda rows: pixels[rows], without_failed(collection, failed)
    versions = ImageViews(collection, views, augmentation, image_size, seed)
    cache = extract_features(
        frozen,
        versions,
        versions.names,
        path,
        stamps=versions.stamps,
        labels=versions.image_ids,
        progress=progress,
    )
    failed = {k.rpartition("#")[0]: v for k, v in cache.failed.items()}
    return cache.gather, without_failed(collection, failed)


def feature_maps(
    gather: Gather, count: int, trained: Any, batch_size: int = 50
) -> Iterator[np.ndarray]:
    """Yield the feature maps of images in batches.

    Args:
        gather: inputs by row number, from `read_inputs`.
        count: number of images.
        trained: model from those inputs to feature maps, or `None` if they are feature
            maps already.
        batch_size: images per batch.

    Yields:
        Float arrays `(images, rows, columns, channels)`.
    """
    for start in range(0, count, batch_size):
        inputs = gather(np.arange(start, min(start + batch_size, count)))
        yield inputs if trained is None else trained.predict_on_batch(inputs)


def read_pixels(
    collection: CaptionCollection, size: int
) -> tuple[np.ndarray, dict[str, str]]:
    """Read the images of a collection.

    Args:
        collection: images.
        size: side to resize them to, in pixels.

    Returns:
        The readable images, uint8 `(images, size, size, 3)`, in order; and the error
        of each of the others, by image id.
    """
    pixels = np.empty((len(collection), size, size, 3), np.uint8)
    failed: dict[str, str] = {}
    count = 0
    read = images.read_images([e.source for e in collection], (size, size))
    for example, (_, image) in zip(collection, read, strict=True):
        if isinstance(image, Exception):
            failed[example.image_id] = str(image)
        else:
            pixels[count] = image
            count += 1
    return pixels[:count], failed


def without_failed(
    collection: CaptionCollection, failed: dict[str, str]
) -> CaptionCollection:
    """Return a collection without its unreadable images, each with a warning.

    Args:
        collection: images.
        failed: error message of each unreadable image, by image id.

    Raises:
        InputError: no image is readable.
    """
    for name, message in failed.items():
        LOGGER.warning("Skipped: %s", printable(f"{name}: {message}"))
    readable = [e for e in collection if e.image_id not in failed]
    if not readable:
        raise InputError(
            "Some images of the collection must be readable",
            f"Check the folder of images; the last error is: {message}",
            images=len(collection),
            unreadable=len(failed),
        )
    return CaptionCollection(readable)


def draw_views(gather: Gather, views: int, seed: int, epoch: int) -> Gather:
    """Return a function from image numbers to one version of each, drawn at random.

    Args:
        gather: function from row numbers; version v of image i is row i * views + v.
        views: versions of each image.
        seed, epoch: determine the draw, together with the order of the calls.
    """
    if views == 1:
        return gather
    generator = np.random.default_rng([seed, epoch, views])

    def gather_drawn(images: np.ndarray) -> np.ndarray:
        drawn = generator.integers(views, size=len(images))
        return gather(views * images + drawn)

    return gather_drawn
