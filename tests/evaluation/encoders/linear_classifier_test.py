import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.encoders.linear_classifier import LinearClassifier


def blobs(generator, labels):
    return np.eye(8)[labels] * 5 + generator.normal(size=(len(labels), 8))


def test_well_separated_classes_are_recognised():
    generator = np.random.default_rng(0)
    labels = np.arange(160) % 8
    classifier = LinearClassifier(blobs(generator, labels), labels + 100)
    test = blobs(generator, labels)
    assert classifier.accuracy(test, labels + 100) > 95
    assert classifier.accuracy(test, (labels + 1) % 8 + 100) < 5
    assert classifier.accuracy(test, (labels + 1) % 8 + 100, 8) == 100
    assert classifier.top(test, 5).shape == (160, 5)


def test_labels_of_one_class_or_another_number_are_refused():
    with pytest.raises(InputError, match="classes=1"):
        LinearClassifier(np.zeros((3, 2)), [1, 1, 1])
    with pytest.raises(InputError, match="labels=2"):
        LinearClassifier(np.zeros((3, 2)), [1, 2])
