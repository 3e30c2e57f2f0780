"""Whether a classifier of real images recognises the class of painted ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.encoders.linear_classifier import LinearClassifier
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    load_real_images,
    select_texts,
)
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)
from keras_imgdesc.evaluation.paintings.real_features import RealFeatures

CUTS = (1, 5)


class ClassAccuracy:
    """Accuracy on painted images of a linear classifier trained on real ones.

    The classifier is trained on real images of the size of the painted ones. Its
    accuracy on held-out real images is reported beside that on painted ones.

    Args:
        extractor: images to features, with a `name`, such as a `FeatureExtractor`.
            Prefer an encoder that the painter was not trained with.
        training: real images with `extra["label"]`, none of which belongs to the texts
            that are painted.
        limit: number of texts, from the start of the collection; None takes all.
        seed: seed of the painting.

    Raises:
        InputError: an image has no label.
    """

    name = "class_top_1"
    higher_is_better = True

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

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the accuracies in percent.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: images with captions and an integer `extra["label"]`.

        Returns:
            `class_top_1` and `class_top_5` of the painted images, `class_top_1_real`
            and `class_top_5_real` of the real ones.
        """
        labels = _labels(collection, self.limit)
        texts = select_texts(collection, self.limit)
        painted = paint_texts(paint, texts, self.seed)
        size = painted.shape[1]
        real = self._real(collection, size, self.limit)
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
            features = self.extractor(load_real_images(self.training, size))
            self._classifiers[size] = LinearClassifier(features, self.labels)
        return self._classifiers[size]


def _labels(collection: CaptionCollection, limit: int | None) -> list[int]:
    examples = collection.examples[:limit]
    for example in examples:
        if "label" not in example.extra:
            raise InputError(
                "Every image must have a class label",
                "Read the images with read_flowers, or set extra['label'] to an "
                "integer",
                image=example.image_id,
            )
    return [int(np.asarray(example.extra["label"])) for example in examples]
