import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.classification.classification_metrics import (
    ClassificationAccuracy,
    TeacherAgreement,
    expected_calibration_error,
)
from keras_imgdesc.evaluation.metric import Metric


def collection(*labels: int) -> CaptionCollection:
    image = np.zeros((4, 4, 3), "uint8")
    return CaptionCollection(
        [
            CaptionedImage(str(i), None, (), image, {"label": label})
            for i, label in enumerate(labels)
        ]
    )


def test_accuracy_counts_the_first_and_the_first_five():
    rows = np.full((4, 8), 0.05)
    rows[:, 3] = 0.65
    # Ties are in the order of the classes: 0, 1, 2 and 4 follow class 3.
    found = ClassificationAccuracy().compute(rows, collection(3, 4, 5, 3))
    assert found["top_1"] == 50 and found["top_5"] == 75
    expected = -(2 * np.log(0.65) + 2 * np.log(0.05)) / 4
    assert found["cross_entropy"] == pytest.approx(expected)
    assert found["calibration_error"] == pytest.approx(100 * (0.65 - 0.5))
    assert isinstance(ClassificationAccuracy(), Metric)


def test_confidence_and_accuracy_are_compared_bin_by_bin():
    confidences = np.array([0.95, 0.95, 0.55, 0.55, 1.0])
    right = np.array([True, False, True, True, True])
    # In 10 bins: 0.5 to 0.6 (2 of 2 right), and 0.9 to 1 (2 of 3).
    expected = 2 / 5 * abs(0.55 - 1) + 3 / 5 * abs((0.95 * 2 + 1) / 3 - 2 / 3)
    found = expected_calibration_error(confidences, right, bins=10)
    assert found == pytest.approx(expected)


def test_agreement_with_a_teacher():
    teacher = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    student = np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2]])
    metric = TeacherAgreement(teacher)
    assert isinstance(metric, Metric)
    found = metric.compute(student, collection(0, 0))
    assert found["agreement"] == 50 and found["agreement_top_5"] == 100
    divergence = (teacher * np.log(teacher / student)).sum() / 2
    assert found["divergence"] == pytest.approx(divergence)
    assert metric.compute(teacher, collection(0, 0))["divergence"] == pytest.approx(0)
    with pytest.raises(InputError, match=r"same classes.*\(2, 2\)"):
        metric.compute(student[:, :2], collection(0, 0))
