import math

import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.cider import (
    CiderD,
    cider_d,
    cider_d_of_images,
)


def test_cider_prefers_words_that_distinguish_images(references):
    captions = ["a dog runs on the grass", "two men play soccer", "a cat on a sofa"]
    swapped = [captions[1], captions[2], captions[0]]
    assert cider_d(captions, references) > 1 > 0.3 > cider_d(swapped, references) >= 0


def test_cider_equals_a_count_by_hand():
    # Of two images, each word is in one: every n-gram has the weight log 2, cancelled
    # by the norms. Of "red dog runs", 2 of 3 words are in the reference "red dog", and
    # 1 of 2 pairs; the penalty is for one bigram more than the reference's.
    found = cider_d_of_images(["red dog runs", "cat"], [["red dog"], ["cat"]])
    words, pairs = 2 / math.sqrt(3 * 2), 1 / math.sqrt(2 * 1)
    penalty = math.exp(-1 / (2 * 6**2))
    assert found[0] == pytest.approx(10 * penalty * (words + pairs) / 4)
    assert found[1] == pytest.approx(10 / 4)  # there is one order of n-grams only


def test_a_single_image_scores_0():
    assert cider_d(["a dog"], [["a dog"]]) == 0


def test_wrong_arguments_are_refused(collection):
    with pytest.raises(InputError, match="captions=1"):
        CiderD().compute(["a"], collection)
    with pytest.raises(InputError, match="captions=1"):
        CiderD().sampler(["a"], collection)


@pytest.mark.parametrize(
    "captions",
    [
        ["a dog runs on the grass", "two men are in a park", "a cat asleep"],
        ["", "zebra", "the the the cat the"],
    ],
)
def test_a_resample_is_the_corpus_that_it_draws(collection, repeat, captions):
    # An image that is not drawn no longer counts for the document frequencies.
    counts = np.array([[1, 1, 1], [2, 1, 0], [0, 1, 2], [0, 3, 0]])
    found = CiderD().sampler(captions, collection)(counts)["cider_d"]
    expected = [
        CiderD().compute(*repeat(captions, collection, row))["cider_d"]
        for row in counts
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found[3] == 0  # one image, three times: every word is in all of them


def test_large_vocabularies_are_sampled_in_parts(collection, monkeypatch):
    captions = ["a dog runs on the grass", "two men are in a park", "a cat asleep"]
    counts = np.array([[1, 1, 1], [2, 1, 0], [0, 1, 2]])
    whole = CiderD().sampler(captions, collection)(counts)
    monkeypatch.setattr(
        "keras_imgdesc.evaluation.captions.cider_sampler._LARGEST_BLOCK", 1
    )
    parts = CiderD().sampler(captions, collection)(counts)
    np.testing.assert_allclose(parts["cider_d"], whole["cider_d"])
