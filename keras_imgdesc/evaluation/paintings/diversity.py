"""How much the images that a painter paints of one text differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    load_real_images,
    select_sheet_texts,
)
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)


def pairwise_distance(images: np.ndarray) -> float:
    """Return the mean distance over all pairs of a set of images.

    Args:
        images: pixels or features, float `(images, ...)`, at least 2.

    Returns:
        The mean over pairs of the root of the mean squared difference.

    Raises:
        InputError: there are fewer than 2 images.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.diversity import pairwise_distance
    >>> pairwise_distance(np.array([[0.0, 0.0], [3.0, 3.0], [3.0, 3.0]]))
    2.0
    """
    if len(images) < 2:
        raise InputError(
            "A distance needs at least two images",
            "Paint two or more images per text",
            images=len(images),
        )
    rows = np.asarray(images, np.float64).reshape(len(images), -1)
    squares = (rows**2).mean(axis=1)
    products = rows @ rows.T / rows.shape[1]
    distances = np.sqrt((squares[:, None] + squares - 2 * products).clip(0))
    return float(distances[np.triu_indices(len(rows), 1)].mean())


def text_diversity(painted: np.ndarray) -> float:
    """Return the mean pixel distance between images of one text, over all texts.

    Args:
        painted: uint8 `(texts, images, size, size, 3)`, at least 2 images per text.

    Returns:
        The mean of `pairwise_distance` of pixels in [0, 1]: 0 for equal images, 1 for
        black and white.

    Raises:
        InputError: there are fewer than 2 images per text.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.diversity import text_diversity
    >>> black_and_white = np.zeros((1, 2, 8, 8, 3), "uint8")
    >>> black_and_white[:, 1] = 255
    >>> text_diversity(black_and_white)
    1.0
    """
    pixels = painted.astype(np.float32) / 255
    return float(np.mean([pairwise_distance(images) for images in pixels]))


class Diversity:
    """The mean distance between images of one text, beside that of real images.

    Near 0, the painter paints a single image per text: it has collapsed.

    Args:
        texts: number of texts, evenly spaced over the collection.
        images: number of images per text.
        seed: seed of the painting.
        extractor: images to features, with a `name`, such as a `FeatureExtractor`;
            None compares pixels in [0, 1].

    Raises:
        InputError: `texts` is below 1 or `images` below 2.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.diversity import Diversity
    >>> def paint(texts, seed):
    ...     return np.zeros((len(texts), 32, 32, 3), "uint8")
    >>> Diversity().compute(paint, draw_scenes("test", 4))["diversity"]
    0.0
    """

    name = "diversity"
    higher_is_better = True

    def __init__(
        self,
        texts: int = 16,
        images: int = 8,
        seed: int = 0,
        extractor: Any = None,
    ) -> None:
        if texts < 1 or images < 2:
            raise InputError(
                "Diversity needs at least one text and two images per text",
                "Use for example texts=16 and images=8",
                texts=texts,
                images=images,
            )
        self.texts = texts
        self.images = images
        self.seed = seed
        self.extractor = extractor
        self.settings = {
            "diversity_of": extractor.name if extractor else "pixels, 0 to 1",
            "diversity_texts": texts,
            "diversity_pictures": images,
        }

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the mean distances.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: images with captions.

        Returns:
            `diversity`, and `diversity_real`: the mean distance between the first 100
            real images, whatever their texts, an upper bound for comparison.
        """
        texts = select_sheet_texts(collection, self.texts)
        repeated = [text for text in texts for _ in range(self.images)]
        painted = paint_texts(paint, repeated, self.seed)
        groups = self._features(painted).reshape(len(texts), self.images, -1)
        found = {"diversity": float(np.mean([pairwise_distance(g) for g in groups]))}
        if len(collection) > 1:
            real = load_real_images(collection, painted.shape[1], 100)
            found["diversity_real"] = pairwise_distance(self._features(real))
        return found

    def _features(self, images: np.ndarray) -> np.ndarray:
        if self.extractor is None:
            return images.astype(np.float32).reshape(len(images), -1) / 255
        return self.extractor(images)
