"""The texts of a collection that are painted, and its real images."""

from __future__ import annotations

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import read_images, stack_images


def select_texts(collection: CaptionCollection, limit: int | None = None) -> list[str]:
    """Return one caption per image: the first image's first, the second's second, ...

    So every wording takes its turn, and the choice is the same each time.

    Args:
        collection: images with captions.
        limit: number of images, from the start of the collection; None takes all.

    Raises:
        InputError: the collection is empty.
    """
    examples = collection.examples[:limit]
    if not examples:
        raise InputError(
            "There must be a text to paint",
            "Use a collection with at least one captioned image",
            texts=0,
        )
    return [e.captions[i % len(e.captions)] for i, e in enumerate(examples)]


def select_sheet_texts(collection: CaptionCollection, count: int = 24) -> list[str]:
    """Return the texts of a contact sheet, evenly spaced over a collection.

    Args:
        collection: images with captions.
        count: number of texts; fewer if the collection is smaller.

    Returns:
        Texts as chosen by `select_texts`, the same for every painter.
    """
    texts = select_texts(collection)
    return [texts[place] for place in _even_places(len(texts), count)]


def sample_evenly(
    collection: CaptionCollection, limit: int | None = None
) -> CaptionCollection:
    """Return evenly spaced images of a collection, which may be sorted by class.

    Args:
        collection: captioned images.
        limit: number of images; None returns the collection itself.
    """
    if limit is None:
        return collection
    places = _even_places(len(collection), limit)
    return CaptionCollection([collection[place] for place in places])


def _even_places(length: int, count: int) -> list[int]:
    places = np.linspace(0, length - 1, min(count, length))
    return [int(place) for place in places]


def drop_unreadable(
    collection: CaptionCollection,
) -> tuple[CaptionCollection, dict[str, str]]:
    """Return the images that can be read, and error messages by id for the others.

    Raises:
        InputError: no image can be read.
    """
    read = read_images([example.source for example in collection], 8)
    failed = {
        example.image_id: str(image)
        for example, (_, image) in zip(collection, read, strict=True)
        if isinstance(image, ImageError)
    }
    readable = [e for e in collection if e.image_id not in failed]
    if failed and not readable:
        raise InputError(
            "At least one image of the collection must be readable",
            "Check the paths of the images; the first error is: "
            f"{min(failed.items())[1]}",
            images=len(collection),
        )
    return CaptionCollection(readable), failed


def load_real_images(
    collection: CaptionCollection, size: int, limit: int | None = None
) -> np.ndarray:
    """Return the images of a collection, resized to the size of the painted ones.

    Args:
        collection: captioned images.
        size: side of the square in pixels.
        limit: number of images, from the start of the collection; None takes all.

    Returns:
        uint8 RGB `(images, size, size, 3)`.

    Raises:
        ImageError: an image cannot be read.
    """
    sources = [example.source for example in collection.examples[:limit]]
    return stack_images(sources, size)
