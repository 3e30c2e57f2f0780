import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.word_metric import JavaMetric


class ToyMetric(JavaMetric):
    """Counts the letters of captions, and its calls."""

    calls = 0

    def measure(self, captions, references):
        self.calls += 1
        return np.array([float(len(text)) for text in self.tokenizer(captions)])


def test_a_measurement_is_repeated_only_for_other_arguments(collection):
    metric, captions = ToyMetric(), ["a", "b", "c-d"]
    for _ in range(2):
        assert metric.measure_once(captions, collection).tolist() == [1, 1, 3]
    assert metric.calls == 1
    captions[0] = "ab"
    assert metric.measure_once(captions, collection).tolist() == [2, 1, 3]
    assert metric.calls == 2


def test_another_tokenizer_measures_anew(collection):
    metric, captions = ToyMetric(), ["a", "b", "c-d"]
    assert metric.measure_once(captions, collection).tolist() == [1, 1, 3]
    metric.tokenizer = lambda texts: ["word"] * len(texts)
    assert metric.measure_once(captions, collection).tolist() == [4, 4, 4]


def test_every_image_needs_a_caption(collection):
    with pytest.raises(InputError, match="captions=1"):
        ToyMetric().measure_once(["a"], collection)
