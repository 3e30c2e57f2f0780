import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.hard_choice import HardChoice, hard_choices
from keras_imgdesc.text.word_swaps import WordSwaps

SWAPS = WordSwaps([["red", "blue", "green"], ["star", "circle"]])
CAPTIONS = ["a red star", "a blue circle and a red star", "a dog"]


@pytest.fixture
def collection():
    return CaptionCollection(
        [
            CaptionedImage(str(i), None, (caption, "another"), b"jpeg")
            for i, caption in enumerate(["A red star.", *CAPTIONS[1:]])
        ]
    )


def test_one_swap_comes_before_two_and_both_before_other_captions():
    rows = hard_choices(CAPTIONS, SWAPS, choices=8)
    once = {"a blue star", "a green star", "a red circle"}
    assert rows[0][0] == "a red star" and set(rows[0][1:4]) == once
    twice = {"a blue circle", "a green circle"}
    assert set(rows[0][4:6]) == twice
    assert set(rows[0][6:]) == set(CAPTIONS[1:])
    assert rows[2] == ["a dog", *rows[2][1:]] and set(rows[2]) == set(CAPTIONS)
    assert len(rows[1]) == 8 and rows == hard_choices(CAPTIONS, SWAPS, choices=8)


def test_the_share_of_right_choices_is_counted(collection):
    asked = []

    def score(which, texts):
        asked.append((which, texts[0]))
        # The first image prefers its own caption, the second another, the third none.
        own = {0: 1.0, 1: -1.0, 2: 0.0}[which.start]
        return np.array([[own] + [0.0] * (len(texts) - 1)])

    metric = HardChoice(SWAPS, choices=4)
    found = metric.compute(score, collection)
    assert found == {"hard_choice": pytest.approx(100 / 3)}
    expected = [(slice(i, i + 1), caption) for i, caption in enumerate(CAPTIONS)]
    assert asked == expected and metric.settings == {"choices": 4}


def test_choices_are_made_once_per_collection(collection, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "keras_imgdesc.evaluation.matching.hard_choice.hard_choices",
        lambda *arguments, **_: (
            calls.append(arguments[0]) or [[c, "b"] for c in CAPTIONS]
        ),
    )
    metric = HardChoice(SWAPS)
    for _ in range(2):
        metric.compute(lambda which, texts: np.zeros((1, len(texts))), collection)
    assert calls == [CAPTIONS]


def test_no_caption_of_the_image_itself_is_wrong():
    texts = ("A red star.", "a blue star"), ("A blue star!",), ("a red star",)
    collection = CaptionCollection(
        [CaptionedImage(str(i), None, several, b"") for i, several in enumerate(texts)]
    )
    asked = []

    def score(which, texts):
        asked.append(texts)
        return np.array([[1.0] + [0.0] * (len(texts) - 1)])

    metric = HardChoice(WordSwaps([["red", "blue"]]))
    # For the first image no text is wrong: there is nothing to choose.
    assert metric.compute(score, collection) == {"hard_choice": 100}
    assert asked == [["a blue star", "a red star"], ["a red star", "a blue star"]]
    assert metric.settings["omitted"] == 1
    with pytest.raises(InputError, match="wrong caption"):
        HardChoice(WordSwaps([])).compute(score, CaptionCollection(collection[1:2]))
