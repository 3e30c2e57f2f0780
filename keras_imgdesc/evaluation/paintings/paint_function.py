"""A painter as the metrics of paintings see it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.metric import Metric

# Texts and a seed to uint8 RGB (texts, size, size, 3); equal arguments, equal images.
PaintFunction = Callable[[list[str], int], np.ndarray]

# Measures a painter by what it paints of the captions of the collection.
PaintingMetric = Metric[PaintFunction]


class CachedPainter:
    """A paint function that paints equal texts with an equal seed only once.

    Several metrics ask for the same images. The last few answers are kept.

    Args:
        paint: the function to ask, `(texts, seed)` to uint8 RGB
            `(texts, size, size, 3)`.
        capacity: number of answers kept.

    Raises:
        InputError: when called, if `paint` returns anything else.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.paint_function import CachedPainter
    >>> calls = []
    >>> def paint(texts, seed):
    ...     calls.append(texts)
    ...     return np.zeros((len(texts), 32, 32, 3), "uint8")
    >>> painter = CachedPainter(paint)
    >>> painter(["a rose"], 0) is painter(["a rose"], 0), len(calls)
    (True, 1)
    """

    def __init__(self, paint: PaintFunction, capacity: int = 4) -> None:
        self.paint = paint
        self.capacity = capacity
        self._painted: dict[tuple[tuple[str, ...], int], np.ndarray] = {}

    def __call__(self, texts: list[str], seed: int) -> np.ndarray:
        key = (tuple(texts), seed)
        if key not in self._painted:
            while len(self._painted) >= self.capacity:
                del self._painted[next(iter(self._painted))]
            self._painted[key] = paint_texts(self.paint, texts, seed)
        return self._painted[key]


def paint_texts(paint: PaintFunction, texts: list[str], seed: int) -> np.ndarray:
    """Paint one image per text, and check what the function returns.

    Args:
        paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
        texts: texts to paint.
        seed: seed of the painting.

    Returns:
        uint8 RGB `(texts, size, size, 3)`.

    Raises:
        InputError: the function returns another dtype or shape.
    """
    images = np.asarray(paint(texts, seed))
    shape = images.shape
    is_square = len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
    if images.dtype != np.uint8 or not is_square or len(images) != len(texts):
        raise InputError(
            "A paint function must return uint8 (texts, size, size, 3)",
            "Return one square RGB image per text, as a single array",
            texts=len(texts),
            shape=shape,
            dtype=str(images.dtype),
        )
    return images
