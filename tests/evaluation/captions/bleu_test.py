import math

import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.bleu import Bleu, bleu
from keras_imgdesc.evaluation.captions.tokenizers import WordTokenizer


def test_bleu_equals_a_count_by_hand():
    # The reference contains 4 of 5 words, 2 of 4 pairs and 1 of 3 triples. It has 6
    # words, so the brevity penalty is exp(1 - 6 / 5).
    score = bleu(["a dog runs across grass"], [["A dog runs on the grass."]])
    penalty = math.exp(1 - 6 / 5)
    assert score["bleu_1"] == pytest.approx(100 * penalty * 4 / 5)
    assert score["bleu_2"] == pytest.approx(100 * penalty * math.sqrt(4 / 5 * 2 / 4))
    assert score["bleu_3"] == pytest.approx(
        100 * penalty * (4 / 5 * 2 / 4 * 1 / 3) ** (1 / 3)
    )
    assert score["bleu_4"] == 0
    assert score["length_ratio"] == pytest.approx(5 / 6)


def test_bleu_counts_over_the_corpus_and_not_per_image(references):
    captions = ["a dog runs on the grass", "zebra", "a cat"]
    together = bleu(captions, references)
    # 8 of 9 words; the mean over images would be two thirds.
    ratio = together["length_ratio"]
    assert together["bleu_1"] == pytest.approx(
        100 * 8 / 9 * min(1, math.exp(1 - 1 / ratio))
    )


def test_punctuation_case_and_numbers_of_references_do_not_matter(references):
    one = bleu(["Two men play soccer!"], [["two men play soccer"]])
    assert one["bleu_4"] == pytest.approx(100)
    uneven = bleu(
        ["a dog runs on the grass", "two men play soccer"],
        [references[0], ["two men play soccer"]],
    )
    assert uneven["bleu_4"] == pytest.approx(100)


def test_an_empty_caption_counts_as_one_without_words(references):
    score = bleu(["a dog runs on the grass", "", "a cat"], references)
    assert score["length_ratio"] == pytest.approx(8 / (6 + 4 + 3))
    assert bleu([""], [["a dog"]])["bleu_1"] == 0


@pytest.mark.parametrize(
    ("captions", "references", "received"),
    [
        (["a"], [], "references=0"),
        ([], [], "captions=0"),
        (["a", "b"], [["a"], []], "index=1"),
    ],
)
def test_wrong_arguments_are_refused(captions, references, received):
    with pytest.raises(InputError, match=received):
        bleu(captions, references)


def test_a_resample_is_the_corpus_that_it_draws(collection, repeat):
    captions = ["a dog runs on the grass", "two men are in a park", "a cat asleep"]
    counts = np.array([[1, 1, 1], [2, 0, 1], [0, 0, 3]])
    metric = Bleu(WordTokenizer())
    found = metric.sampler(captions, collection)(counts)
    for index, row in enumerate(counts):
        expected = metric.compute(*repeat(captions, collection, row))
        assert {k: v[index] for k, v in found.items()} == pytest.approx(expected)
