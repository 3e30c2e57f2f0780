"""What a generator is asked to paint, and the real pictures beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import read_images, stack_images

# Texts and a seed in, uint8 RGB (texts, size, size, 3) out.
GenerateFunction = Callable[[list[str], int], np.ndarray]


class RememberingPainter:
    """A generate function that paints the same texts only once.

    Several metrics ask for the same pictures. It keeps the last few answers.

    Args:
        generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.

    Raises:
        InputError: when called, if what is painted has another form.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.held_out_texts import RememberingPainter
    >>> asked = []
    >>> def generate(texts, seed):
    ...     asked.append(texts)
    ...     return np.zeros((len(texts), 32, 32, 3), "uint8")
    >>> painter = RememberingPainter(generate)
    >>> painter(["a rose"], 0) is painter(["a rose"], 0), len(asked)
    (True, 1)
    """

    def __init__(self, generate: GenerateFunction, kept: int = 4) -> None:
        self.generate = generate
        self.kept = kept
        self._painted: dict[tuple[tuple[str, ...], int], np.ndarray] = {}

    def __call__(self, texts: list[str], seed: int) -> np.ndarray:
        key = (tuple(texts), seed)
        if key not in self._painted:
            while len(self._painted) >= self.kept:
                del self._painted[next(iter(self._painted))]
            self._painted[key] = paint(self.generate, texts, seed)
        return self._painted[key]


def paint(generate: GenerateFunction, texts: list[str], seed: int) -> np.ndarray:
    """Paints a picture for each text.

    Returns:
        uint8 RGB `(texts, size, size, 3)`.

    Raises:
        InputError: the function gives something else.
    """
    pictures = np.asarray(generate(texts, seed))
    shape = pictures.shape
    is_square = len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
    if pictures.dtype != np.uint8 or not is_square or len(pictures) != len(texts):
        raise InputError(
            "A generate function must give uint8 (texts, size, size, 3)",
            "Give one picture for each text",
            texts=len(texts),
            shape=shape,
            dtype=str(pictures.dtype),
        )
    return pictures


def chosen_texts(collection: CaptionCollection, limit: int | None = None) -> list[str]:
    """One text of each picture: the first of the first, the second of the second, ...

    So all ways of wording have their turn, and the choice is the same each time.

    Raises:
        InputError: the collection is empty.
    """
    examples = collection.examples[:limit]
    if not examples:
        raise InputError("There must be a text to paint", "Give captions", texts=0)
    return [e.captions[i % len(e.captions)] for i, e in enumerate(examples)]


def sheet_texts(collection: CaptionCollection, count: int = 24) -> list[str]:
    """Texts from all over a collection, the same whichever generator is asked."""
    texts = chosen_texts(collection)
    return [texts[place] for place in _spread(len(texts), count)]


def some_pictures(
    collection: CaptionCollection, limit: int | None = None
) -> CaptionCollection:
    """So many pictures from all over a collection, which may lie in order of classes.

    Args:
        collection: pictures.
        limit: how many; None takes all.
    """
    if limit is None:
        return collection
    places = _spread(len(collection), limit)
    return CaptionCollection([collection[place] for place in places])


def _spread(length: int, count: int) -> list[int]:
    places = np.linspace(0, length - 1, min(count, length))
    return [int(place) for place in places]


def readable_pictures(
    collection: CaptionCollection,
) -> tuple[CaptionCollection, dict[str, str]]:
    """The collection without what cannot be read, and what is wrong with that, by id.

    Raises:
        InputError: nothing of it can be read.
    """
    read = read_images([example.source for example in collection], 8)
    failed = {
        example.image_id: str(image)
        for example, (_, image) in zip(collection, read, strict=True)
        if isinstance(image, ImageError)
    }
    left = [e for e in collection if e.image_id not in failed]
    if failed and not left:
        raise InputError(
            "Some pictures of the collection must be readable",
            f"Check the folder of images; the first error is: {min(failed.items())[1]}",
            pictures=len(collection),
        )
    return CaptionCollection(left), failed


def real_pictures(
    collection: CaptionCollection, size: int, limit: int | None = None
) -> np.ndarray:
    """The pictures of a collection, as small as the painted ones.

    Args:
        collection: with pictures.
        size: side of the square that they are resized to.
        limit: only the first so many.

    Returns:
        uint8 RGB `(pictures, size, size, 3)`.

    Raises:
        ImageError: one cannot be read.
    """
    sources = [example.source for example in collection.examples[:limit]]
    return stack_images(sources, size)
