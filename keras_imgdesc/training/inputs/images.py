"""A collection of captioned pictures as arrays to train on."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc import images
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.feature_cache import FeatureCache, extract_features
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer
from keras_imgdesc.training.captioner.batches import Augmentation
from keras_imgdesc.training.inputs.views import PictureViews

LOGGER = logging.getLogger(__name__)


def check_collections(train: CaptionCollection, validation: CaptionCollection) -> None:
    """Refuses training without pictures.

    Raises:
        InputError: one of the two has none.
    """
    if not len(train) or not len(validation):
        raise InputError(
            "Training needs pictures to train on and to validate on",
            "Check the annotations and the folder of images",
            train=len(train),
            validation=len(validation),
        )


def tokenize_captions(
    collection: CaptionCollection, tokenizer: CaptionTokenizer, at_least: int
) -> np.ndarray:
    """Token ids int32 `(pictures, captions, length)`.

    Args:
        collection: pictures; one with fewer captions than another repeats some.
        tokenizer: words to ids.
        at_least: captions of each picture, or more where a picture has more.
    """
    most = max(at_least, max(len(e.captions) for e in collection))
    texts = [e.captions[i % len(e.captions)] for e in collection for i in range(most)]
    ids = np.asarray(tokenizer(texts))
    return ids.reshape(len(collection), most, -1).astype(np.int32)


def cached_features(
    encoder: Any,
    collection: CaptionCollection,
    path: Path,
    *,
    views: int,
    augmentation: Augmentation,
    image_size: int,
    seed: int,
    progress: bool,
) -> tuple[FeatureCache, CaptionCollection]:
    """What the frozen part of an encoder gives for pictures, computed once.

    Args:
        encoder: the frozen part.
        collection: pictures; those that cannot be read are named in a warning.
        path: the cache's folder.
        views, augmentation, image_size, seed: of `PictureViews`.
        progress: show a progress bar.

    Returns:
        The cache, `views` maps a picture, and the pictures that could be read.
    """
    pictures = PictureViews(collection, views, augmentation, image_size, seed)
    cache = extract_features(encoder, pictures, pictures.names, path, progress=progress)
    failed = {k.rpartition("#")[0]: v for k, v in cache.failed.items()}
    return cache, without_failed(collection, failed)


def read_pixels(
    collection: CaptionCollection, size: int
) -> tuple[np.ndarray, dict[str, str]]:
    """Pictures uint8 `(pictures, size, size, 3)`, and those that cannot be read.

    Returns:
        The pictures that can, in order; and what is wrong with the others, by id.
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
    """The collection without the pictures that cannot be read, each reported.

    Args:
        collection: pictures.
        failed: what is wrong with some of them, by id.

    Raises:
        InputError: none is left.
    """
    for name, message in failed.items():
        LOGGER.warning("Left out: %s: %s", name, message)
    left = [e for e in collection if e.image_id not in failed]
    if not left:
        raise InputError(
            "Some pictures of the collection must be readable",
            f"Check the folder of images; the first error is: {message}",
            pictures=len(collection),
            unreadable=len(failed),
        )
    return CaptionCollection(left)
