"""Features of real images, with which those of painted images are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.held_out_texts import load_real_images


class RealFeatures:
    """A function of a collection to features of its images that keeps the last result.

    A training needs the same features every few epochs, and a comparison for every
    painter.

    Args:
        extractor: images to features, such as a `FeatureExtractor`.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.real_features import RealFeatures
    >>> features = RealFeatures(lambda images: images.mean(axis=(1, 2)))
    >>> scenes = draw_scenes("test", 4)
    >>> first = features(scenes, 32)
    >>> first.shape, features(scenes, 32) is first
    ((4, 3), True)
    """

    def __init__(self, extractor: Any) -> None:
        self.extractor = extractor
        self._kept: tuple[list[Any], int, np.ndarray] | None = None

    def __call__(
        self, collection: CaptionCollection, size: int, limit: int | None = None
    ) -> np.ndarray:
        """Return the features of a collection's images.

        Args:
            collection: captioned images.
            size: side in pixels of the square that they are resized to first.
            limit: number of images, from the start of the collection; None takes all.

        Returns:
            Features of the extractor, one row per image.

        Raises:
            ImageError: an image cannot be read.
        """
        examples = list(collection.examples[:limit])
        if self._kept is None or not self._is_kept(examples, size):
            images = load_real_images(collection, size, limit)
            self._kept = examples, size, self.extractor(images)
        return self._kept[2]

    def _is_kept(self, examples: list[Any], size: int) -> bool:
        assert self._kept is not None
        kept, kept_size, _ = self._kept
        return (
            kept_size == size
            and len(kept) == len(examples)
            and all(one is other for one, other in zip(kept, examples, strict=True))
        )
