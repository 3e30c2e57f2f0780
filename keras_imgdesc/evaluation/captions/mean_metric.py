"""The base of caption metrics that are means over the images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.metric import Sampler, mean_sampler


class MeanMetric(ABC):
    """A `ResampledMetric` of captions whose numbers are means over the images.

    A subclass has `name` and `higher_is_better`, and overrides `score_images`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric
    >>> class MeanLength(MeanMetric):
    ...     name = "words"
    ...     higher_is_better = False
    ...     def score_images(self, captions, collection):
    ...         return {"words": np.array([len(text.split()) for text in captions])}
    >>> scenes, captions = draw_scenes("test", 2), ["a red star", "a star"]
    >>> MeanLength().compute(captions, scenes)
    {'words': 2.5}
    >>> sampler = MeanLength().sampler(captions, scenes)
    >>> sampler(np.array([[2, 0], [0, 2]]))["words"].tolist()
    [3.0, 2.0]
    """

    @abstractmethod
    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return the score of each image, float `(images,)`, by the name of its mean.

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the captions cannot be scored.
        """

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the means over the images.

        Args:
            captions, collection: see `score_images`.

        Raises:
            InputError: see `score_images`.
        """
        scores = self.score_images(captions, collection)
        return {name: float(values.mean()) for name, values in scores.items()}

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same numbers; see `ResampledMetric.sampler`.

        Args:
            captions, collection: see `score_images`.

        Raises:
            InputError: see `score_images`.
        """
        return mean_sampler(self.score_images(captions, collection))
