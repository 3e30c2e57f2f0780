"""How different the pictures are that a generator paints for one text."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    paint,
    real_pictures,
    sheet_texts,
)


def pairwise_distance(pictures: np.ndarray) -> float:
    """Mean distance of all pairs of a set.

    Args:
        pictures: `(pictures, ...)`, at least 2: pixels or features.

    Returns:
        The mean over pairs of the root of the mean squared difference.

    Raises:
        InputError: fewer than 2.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.diversity import pairwise_distance
    >>> pairwise_distance(np.array([[0.0, 0.0], [3.0, 3.0], [3.0, 3.0]]))
    2.0
    """
    if len(pictures) < 2:
        raise InputError(
            "A distance takes two pictures", "Paint more", pictures=len(pictures)
        )
    rows = np.asarray(pictures, np.float64).reshape(len(pictures), -1)
    squares = (rows**2).mean(axis=1)
    products = rows @ rows.T / rows.shape[1]
    distances = np.sqrt((squares[:, None] + squares - 2 * products).clip(0))
    return float(distances[np.triu_indices(len(rows), 1)].mean())


class Diversity:
    """Mean distance of pairs painted for one text, beside that of real pictures.

    Near 0 a generator paints one picture only for a text: it has collapsed.

    Args:
        texts: how many texts, from all over the collection.
        pictures: how many are painted for each.
        seed: of the painting.
        extractor: pictures to features, with a `name`; None compares pixels.
    """

    def __init__(
        self,
        texts: int = 16,
        pictures: int = 8,
        seed: int = 0,
        extractor: Any = None,
    ) -> None:
        if texts < 1 or pictures < 2:
            raise InputError(
                "Diversity takes a text and two pictures at least",
                "Try 16 and 8",
                texts=texts,
                pictures=pictures,
            )
        self.texts = texts
        self.pictures = pictures
        self.seed = seed
        self.extractor = extractor
        self.settings = {
            "diversity_of": extractor.name if extractor else "pixels, 0 to 1",
            "diversity_texts": texts,
            "diversity_pictures": pictures,
        }

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: pictures with captions.

        Returns:
            `diversity`, and `diversity_real`: that of real pictures whatever their
            texts, an upper mark.
        """
        texts = sheet_texts(validation, self.texts)
        repeated = [text for text in texts for _ in range(self.pictures)]
        painted = paint(generate, repeated, self.seed)
        seen = self._see(painted)
        groups = seen.reshape(len(texts), self.pictures, -1)
        found = {"diversity": float(np.mean([pairwise_distance(g) for g in groups]))}
        if len(validation) > 1:
            real = real_pictures(validation, painted.shape[1], 100)
            found["diversity_real"] = pairwise_distance(self._see(real))
        return found

    def _see(self, pictures: np.ndarray) -> np.ndarray:
        if self.extractor is None:
            return pictures.astype(np.float32).reshape(len(pictures), -1) / 255
        return self.extractor(pictures)
