from pathlib import Path

import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage, Problem


def test_a_collection_is_a_sequence_of_examples():
    examples = [
        CaptionedImage("a", Path("a.jpg"), ("one", "two")),
        CaptionedImage("b", Path("b.jpg"), ("three",)),
    ]
    collection = CaptionCollection(examples)
    assert len(collection) == 2
    assert collection[1].image_id == "b"
    assert list(collection) == examples
    assert collection.captions() == ["one", "two", "three"]
    assert collection.report() == "2 images with 3 captions"


def test_the_report_counts_problems_and_names_three_of_each_kind():
    problems = [Problem("missing image", f"{letter}.jpg") for letter in "abcde"]
    problems.insert(1, Problem("empty caption", "x.csv:3", "of a.jpg"))
    collection = CaptionCollection([], problems)
    assert collection.problem_counts() == {"missing image": 5, "empty caption": 1}
    assert collection.report().splitlines() == [
        "0 images with 0 captions",
        "5 x missing image: a.jpg, b.jpg, c.jpg, ...",
        "1 x empty caption: x.csv:3",
    ]


def test_a_held_image_is_preferred_to_its_path():
    pixels = np.zeros((2, 2, 3), "uint8")
    assert CaptionedImage("a", Path("a.jpg"), ("one",)).source == Path("a.jpg")
    assert CaptionedImage("a", Path("a.jpg"), ("one",), pixels).source is pixels
    assert CaptionedImage("a", None, ("one",), b"jpeg").source == b"jpeg"


def test_an_example_needs_a_path_or_an_image():
    with pytest.raises(ValueError, match="'a' has neither"):
        CaptionedImage("a", None, ("one",))
