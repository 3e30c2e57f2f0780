import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.bootstrap import interval
from keras_imgdesc.evaluation.captions.caption_comparison import (
    choose_images,
    score_table,
    table_text,
)
from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions
from keras_imgdesc.evaluation.captions.caption_metrics import build_metrics

BETTER = ["a dog runs on the grass", "two men are in a park", "a cat asleep"]
WORSE = ["a dog runs on the grass", "two men", "a dog"]


@pytest.fixture
def evaluations(collection):
    metrics = build_metrics("rouge_l", "cider_d")
    return {
        name: score_captions(texts, collection, metrics, num_resamples=100)
        for name, texts in (("worse", WORSE), ("better", BETTER))
    }


def test_differences_are_paired(evaluations):
    heads, rows = score_table(evaluations)
    assert heads == ["", "worse", "better", "better - worse"]
    cells = {row[0]: row[1:] for row in rows}
    worse, better = (e.resampled["rouge_l"] for e in evaluations.values())
    low, high = interval(better - worse)
    change = evaluations["better"].metrics["rouge_l"]
    change -= evaluations["worse"].metrics["rouge_l"]
    assert cells["rouge_l"][2] == f"{change:.2f} ({low:.2f} to {high:.2f})"
    # Not worse in any resample, although the two intervals overlap.
    assert low >= 0 and worse.max() > better.min()
    assert cells["cider_d"][0].split()[0] == (
        f"{evaluations['worse'].metrics['cider_d']:.3f}"
    )


def test_a_difference_needs_the_same_resamples(evaluations, collection):
    metrics = build_metrics("rouge_l", "cider_d")
    for options in ({"seed": 1}, {"num_resamples": 50}, {"num_resamples": 0}):
        options = {"num_resamples": 100} | options
        evaluations["better"] = score_captions(BETTER, collection, metrics, **options)
        _, rows = score_table(evaluations)
        assert "(" in rows[0][1] and "(" not in rows[0][3]


def test_numbers_without_resamples_have_no_interval(collection):
    metrics = build_metrics("rouge_l")
    alone = score_captions(BETTER, collection, metrics, num_resamples=0)
    heads, ((name, value),) = score_table({"mine": alone})
    assert (heads, name) == (["", "mine"], "rouge_l")
    assert value == f"{alone.metrics['rouge_l']:.2f}"


def test_tables_are_aligned():
    text = table_text(["", "a", "longer"], [["bleu_4", "1", "2"], ["x", "10.5", ""]])
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[2] == "| bleu_4 | 1    | 2      |"


def test_other_images_are_not_compared(evaluations, collection):
    few = type(collection)(collection.examples[:2])
    evaluations["few"] = score_captions(BETTER[:2], few, build_metrics("rouge_l"))
    with pytest.raises(InputError, match=r"images=\[3, 3, 2\]"):
        score_table(evaluations)
    with pytest.raises(InputError, match=r"models=\[\]"):
        score_table({})
    evaluations["few"] = score_captions(BETTER, collection, build_metrics("rouge_l"))
    with pytest.raises(InputError, match="same metrics"):
        score_table(evaluations)


def test_images_are_chosen_by_their_scores():
    first = np.array([5.0, 1.0, 4.0, 0.0, 3.0])
    second = np.array([5.0, 1.0, 0.0, 0.0, 2.0])
    found = choose_images([first, second], 2)
    assert found == {"best": [0, 4], "worst": [3, 1], "most different": [2, 4]}
    assert choose_images([first], 3) == {"best": [0, 2, 4], "worst": [3, 1]}
    equal = choose_images([first, first], 10)
    assert equal["most different"] == [] and equal["worst"] == []


def test_a_name_stays_in_its_cell():
    text = table_text(["", "a|b\nc\x1b[2J\udcff"], [["bleu_4", "1"]])
    lines = text.splitlines()
    assert len(lines) == 3 and len({len(line) for line in lines}) == 1
    assert lines[0] == r"|        | a\|b\nc\x1b[2J\udcff |"
