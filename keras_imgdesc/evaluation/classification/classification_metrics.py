"""Metrics of class probabilities."""

from __future__ import annotations

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError

CUT = 5
_SMALLEST = 1e-12
_BINS = 15


class ClassificationAccuracy:
    """How often the right class is the most probable, and how reliable P is.

    Outputs are the probabilities, float (images, classes). The right class is
    `extra["label"]` of each image, a position among the classes.
    """

    name = "top_1"
    higher_is_better = True

    def compute(
        self, outputs: np.ndarray, collection: CaptionCollection
    ) -> dict[str, float]:
        """Measure probabilities.

        Args:
            outputs: the probabilities.
            collection: the images.

        Returns:
            `top_1` and `top_5`, percentages of the images whose class is the most
            probable, or among the five most probable; `cross_entropy`, the mean of
            -ln P(right class); `calibration_error`, how far confidence and accuracy
            are apart, from 0 to 100; see `expected_calibration_error`.
        """
        ids = np.array([int(example.extra["label"]) for example in collection])
        hits = best_classes(outputs) == ids[:, None]
        right = outputs[np.arange(len(ids)), ids]
        return {
            "top_1": 100 * float(hits[:, 0].mean()),
            "top_5": 100 * float(hits.any(axis=1).mean()),
            "cross_entropy": float(-np.log(np.maximum(right, _SMALLEST)).mean()),
            "calibration_error": 100
            * expected_calibration_error(outputs.max(axis=1), hits[:, 0]),
        }


class TeacherAgreement:
    """How often a classifier sees what its teacher sees.

    Outputs are the probabilities, float (images, classes).

    Args:
        teacher: the probabilities of the teacher, for the same images and classes.

    Raises:
        InputError: numbers of images or classes differ, when computed.
    """

    name = "agreement"
    higher_is_better = True

    def __init__(self, teacher: np.ndarray) -> None:
        self.teacher = teacher

    def compute(
        self, outputs: np.ndarray, collection: CaptionCollection
    ) -> dict[str, float]:
        """Measure probabilities.

        Args:
            outputs: the probabilities.
            collection: the images.

        Returns:
            `agreement` and `agreement_top_5`, percentages of the images where the
            teacher's most probable class is the student's, or among the student's
            five; `divergence`, the mean Kullback-Leibler divergence of the student
            from the teacher, in nats.
        """
        if outputs.shape != self.teacher.shape:
            raise InputError(
                "A classifier and its teacher must have the same classes",
                "Compare classifiers with the same labels",
                classifier=outputs.shape,
                teacher=self.teacher.shape,
            )
        hits = best_classes(outputs) == self.teacher.argmax(axis=1)[:, None]
        teacher = self.teacher.astype(np.float64)
        ratio = np.maximum(teacher, _SMALLEST) / np.maximum(outputs, _SMALLEST)
        return {
            "agreement": 100 * float(hits[:, 0].mean()),
            "agreement_top_5": 100 * float(hits.any(axis=1).mean()),
            "divergence": float((teacher * np.log(ratio)).sum(axis=1).mean()),
        }


def best_classes(probabilities: np.ndarray) -> np.ndarray:
    """Return the five most probable classes, int (images, up to 5), best first."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :CUT]


def expected_calibration_error(
    confidences: np.ndarray, is_right: np.ndarray, bins: int = _BINS
) -> float:
    """Return the mean distance of confidence and accuracy, over bins of confidence.

    Args:
        confidences: probability of each answer, float (images,).
        is_right: whether each answer is right, bool (images,).
        bins: number of bins of equal width.

    Returns:
        From 0, where a confidence of 0.8 is right in 80 % of cases, to 1.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.classification.classification_metrics import (
    ...     expected_calibration_error,
    ... )
    >>> confidences = np.full(4, 0.95)
    >>> right = np.array([True, True, True, False])
    >>> round(expected_calibration_error(confidences, right), 2)
    0.2

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks",
        https://arxiv.org/abs/1706.04599
    """
    bin_of = np.minimum((confidences * bins).astype(int), bins - 1)
    total = 0.0
    for number in np.unique(bin_of):
        inside = bin_of == number
        distance = abs(confidences[inside].mean() - is_right[inside].mean())
        total += float(distance) * inside.mean()
    return float(total)
