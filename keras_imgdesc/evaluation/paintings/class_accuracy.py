"""Whether a classifier of real pictures names what was painted."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    chosen_texts,
    paint,
    real_pictures,
)
from keras_imgdesc.evaluation.paintings.linear_classifier import LinearClassifier
from keras_imgdesc.evaluation.paintings.real_features import RealFeatures

CUTS = (1, 5)


class ClassAccuracy:
    """The class of painted pictures by a linear classifier of real ones.

    The classifier sees real pictures as small as the painted ones. What it makes of
    held-out real pictures stands beside what it makes of the painted ones.

    Args:
        extractor: pictures to features, with a `name`: a `FeatureExtractor`. It should
            not be one that the generator was trained with.
        training: real pictures with `extra["label"]`; none of those whose texts are
            painted.
        limit: only so many pictures of the collection.
        seed: of the painting.

    Raises:
        InputError: a picture has no label.
    """

    def __init__(
        self,
        extractor: Any,
        training: CaptionCollection,
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        self.extractor = extractor
        self.training = training
        self.limit = limit
        self.seed = seed
        self.labels = _labels(training, None)
        self.settings = {
            "class_extractor": extractor.name,
            "class_training_pictures": len(training),
            "classes": len(set(self.labels)),
        }
        self._real = RealFeatures(extractor)
        self._classifiers: dict[int, LinearClassifier] = {}

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: pictures with captions and `extra["label"]`.

        Returns:
            `class_top_1` and `class_top_5` of the painted pictures,
            `class_top_1_real` and `class_top_5_real` of the real ones; in percent.
        """
        labels = _labels(validation, self.limit)
        painted = paint(generate, chosen_texts(validation, self.limit), self.seed)
        size = painted.shape[1]
        real = self._real(validation, size, self.limit)
        classifier = self._classifier(size)
        found = {}
        for suffix, features in (("", self.extractor(painted)), ("_real", real)):
            for cut in CUTS:
                found[f"class_top_{cut}{suffix}"] = classifier.accuracy(
                    features, labels, cut
                )
        return found

    def _classifier(self, size: int) -> LinearClassifier:
        if size not in self._classifiers:
            features = self.extractor(real_pictures(self.training, size))
            self._classifiers[size] = LinearClassifier(features, self.labels)
        return self._classifiers[size]


def _labels(collection: CaptionCollection, limit: int | None) -> list[int]:
    examples = collection.examples[:limit]
    for example in examples:
        if "label" not in example.extra:
            raise InputError(
                "Each picture must have a label to be classified",
                "Use read_flowers, or put a number into extra['label']",
                image=example.image_id,
            )
    return [int(np.asarray(example.extra["label"])) for example in examples]
