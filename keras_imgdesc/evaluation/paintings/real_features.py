"""Features of real pictures, which every generator is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.held_out_texts import load_real_images


class RealFeatures:
    """Computes features of real pictures once for all that ask for them in turn.

    In a training they are asked for every few epochs, and in a comparison for each
    generator.

    Args:
        extractor: pictures to features.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.real_features import RealFeatures
    >>> features = RealFeatures(lambda pictures: pictures.mean(axis=(1, 2)))
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
        """Features of a collection's pictures.

        Args:
            collection: with pictures.
            size: side of the square that they are resized to first.
            limit: only the first so many.

        Returns:
            What the extractor gives, of one picture a row.
        """
        examples = list(collection.examples[:limit])
        if self._kept is None or not self._is_kept(examples, size):
            pictures = load_real_images(collection, size, limit)
            self._kept = examples, size, self.extractor(pictures)
        return self._kept[2]

    def _is_kept(self, examples: list[Any], size: int) -> bool:
        assert self._kept is not None
        kept, kept_size, _ = self._kept
        return (
            kept_size == size
            and len(kept) == len(examples)
            and all(one is other for one, other in zip(kept, examples, strict=True))
        )
