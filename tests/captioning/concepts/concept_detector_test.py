import numpy as np
import pytest

from keras_imgdesc.captioning.concepts.concept_detector import ConceptDetector
from keras_imgdesc.errors import InputError


def test_probabilities_of_classes_are_summed_for_each_noun(shake):
    rng = np.random.default_rng(3)
    features = rng.normal(size=(5, 2, 3, 4)).astype("float32")
    class_nouns = [[0], [1, 2], [], [0, 2], [2]]
    detector = ConceptDetector(class_nouns, [9, 4, 7], num_concepts=2, threshold=0.3)
    detector(features)
    shake(detector)
    token_ids, weights = (np.asarray(x) for x in detector(features))
    kernel, bias = detector.head.dense.get_weights()
    logits = (features.mean(axis=(1, 2)) @ kernel + bias) / detector.head.temperature
    classes = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row, probabilities in enumerate(classes):
        nouns = np.zeros(3)
        for p, indices in zip(probabilities, class_nouns, strict=True):
            nouns[indices] += p
        best = np.argsort(-nouns)[:2]
        assert token_ids[row].tolist() == [[9, 4, 7][i] for i in best]
        expected = np.where(nouns[best] < 0.3, 0, nouns[best])
        np.testing.assert_allclose(weights[row], expected, atol=1e-5)


def test_a_noun_that_a_class_has_twice_counts_once(shake):
    features = np.random.default_rng(3).normal(size=(5, 2, 3, 4)).astype("float32")
    once, twice = (
        ConceptDetector([nouns, [1]], [9, 4], num_concepts=2, threshold=0.0)
        for nouns in ([0], [0, 0])
    )
    once(features), twice(features)
    shake(once)
    twice.load_head(once.head)
    for got, expected in zip(twice(features), once(features), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_concepts": 3}, "num_concepts must be at least 1 and at most"),
        ({"threshold": 1.0}, r"threshold must be in \[0, 1\)"),
        ({"class_nouns": [[0], [2]]}, "class_nouns must hold indices.*largest=2"),
        ({"class_nouns": [[-1], [1]]}, "class_nouns must hold indices.*smallest=-1"),
        ({"class_nouns": [[], []]}, "A class must have a noun"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    arguments = {"class_nouns": [[0], [1]], "noun_token_ids": [4, 5], "num_concepts": 1}
    with pytest.raises(InputError, match=message):
        ConceptDetector(**arguments | options)
