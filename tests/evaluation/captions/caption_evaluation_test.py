import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions
from keras_imgdesc.evaluation.captions.caption_metrics import build_metrics
from keras_imgdesc.evaluation.captions.tokenizers import WordTokenizer

CAPTIONS = ["a dog runs on the grass", "two men are in a park", "a cat asleep"]
NAMES = ("bleu_4", "rouge_l", "cider_d", "named_things")


def test_scores_come_with_intervals_that_contain_them(collection):
    metrics = build_metrics(*NAMES)
    result = score_captions(CAPTIONS, collection, metrics, settings={"by": "hand"})
    expected: dict = {}
    for metric in metrics:
        expected |= metric.compute(CAPTIONS, collection)
    assert result.metrics == expected
    assert set(result.intervals()) == set(expected)
    for name, (low, high) in result.intervals().items():
        assert low <= expected[name] <= high
    assert result.resampled["bleu_1"].shape == (1000,)
    summary = result.summary()
    assert summary["pictures"] == 3 and summary["by"] == "hand"
    assert summary["resamples"] == 1000 and summary["confidence"] == 95
    assert summary["rouge_l"] == round(expected["rouge_l"], 2)
    low, high = summary["intervals"]["rouge_l"]
    assert low < summary["rouge_l"] < high and round(low, 2) == low


def test_intervals_are_those_of_the_resampled_corpora(collection, repeat):
    """The naive way: build each resample and compute the metric on it."""
    result = score_captions(
        CAPTIONS, collection, build_metrics(*NAMES[:3]), num_resamples=8, seed=5
    )
    counts = np.random.default_rng(5).multinomial(3, [1 / 3] * 3, size=8)
    for metric in build_metrics(*NAMES[:3]):
        found = [metric.compute(*repeat(CAPTIONS, collection, row)) for row in counts]
        for name in found[0]:
            expected = [numbers[name] for numbers in found]
            np.testing.assert_allclose(result.resampled[name], expected, atol=1e-9)


def test_without_resamples_there_are_no_intervals(collection):
    metrics = build_metrics("bleu_4")
    result = score_captions(CAPTIONS, collection, metrics, num_resamples=0)
    assert result.intervals() == {}
    assert not {"intervals", "resamples", "confidence"} & set(result.summary())


class Constant:
    """A metric without a sampler, with settings."""

    name = "constant"
    higher_is_better = True
    settings = {"judge": "toy"}

    def compute(self, captions, collection):
        return {"constant": 1.0}


def test_a_metric_needs_no_sampler(collection):
    result = score_captions(CAPTIONS, collection, [Constant()])
    assert result.summary() == {
        "pictures": 3,
        "tokenizer": WordTokenizer.description,
        "judge": "toy",
        "constant": 1.0,
        "failed": 0,
    }


def test_as_many_captions_as_images_are_needed(collection):
    with pytest.raises(InputError, match="captions=2"):
        score_captions(CAPTIONS[:2], collection, build_metrics("bleu_4"))
