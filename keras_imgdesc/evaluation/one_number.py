"""One number of a metric, as a training watches it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.evaluate_paintings import Metric


class OneNumber:
    """A metric of several numbers as a metric of one, for `train_generator`.

    Args:
        metric: such as `SceneAccuracy`, `FrechetDistance`.
        name: of the number.
        lower_is_better: whether a training keeps the smallest.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.one_number import OneNumber
    >>> from keras_imgdesc.evaluation.scenes.scene_accuracy import SceneAccuracy
    >>> scenes = draw_scenes("test", 4)
    >>> objects = OneNumber(SceneAccuracy(), "scene_objects")
    >>> objects(lambda texts: np.stack([e.image for e in scenes]), scenes)
    100.0
    """

    def __init__(
        self, metric: Metric, name: str, lower_is_better: bool = False
    ) -> None:
        self.metric = metric
        self.name = name
        self.lower_is_better = lower_is_better

    def __call__(
        self,
        paint: Callable[[list[str]], np.ndarray],
        validation: CaptionCollection,
    ) -> float:
        """Measures a generator.

        Args:
            paint: texts to uint8 RGB `(texts, size, size, 3)`.
            validation: pictures with captions.
        """
        return self.metric(lambda texts, seed: paint(texts), validation)[self.name]
