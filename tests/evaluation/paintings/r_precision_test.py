import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.r_precision import (
    RPrecision,
    meaning_of,
    r_precision,
)


def numbered(count: int) -> tuple[np.ndarray, list[str]]:
    """Pictures whose grey is the number that their text says."""
    numbers = np.arange(count, dtype=np.uint8)
    pictures = np.broadcast_to(numbers[:, None, None, None], (count, 8, 8, 3))
    return pictures, [str(number) for number in numbers]


def collection(pictures, texts, labels) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(text, None, (text,), picture, {"label": label})
            for text, picture, label in zip(texts, pictures, labels, strict=True)
        ]
    )


def by_number(pictures, texts):
    numbers = np.array([int(text) for text in texts])
    return -np.abs(pictures[:, 0, 0, :1].astype(int) - numbers)


def test_who_reads_is_right_and_who_guesses_has_one_in_so_many():
    pictures, texts = numbered(200)
    assert r_precision(by_number, pictures, texts, texts) == 100
    generator = np.random.default_rng(0)

    def guess(pictures, texts):
        return generator.random((len(pictures), len(texts)))

    rates = [
        r_precision(guess, pictures, texts, texts, choices=10, seed=s) for s in range(5)
    ]
    assert np.mean(rates) == pytest.approx(10, abs=3)


def test_a_tie_counts_against_the_right_one():
    pictures, texts = numbered(20)

    def shrug(pictures, texts):
        return np.zeros((len(pictures), len(texts)))

    assert r_precision(shrug, pictures, texts, texts, choices=5) == 0


def test_texts_of_one_meaning_are_not_put_against_each_other():
    pictures, texts = numbered(40)
    meanings = [number // 2 for number in range(40)]

    def nearly(pictures, texts):
        # Takes the other of its pair for its own.
        return by_number(pictures // 2, [str((int(text)) // 2) for text in texts])

    assert r_precision(nearly, pictures, texts, meanings, choices=9) == 100
    assert r_precision(nearly, pictures, texts, texts, choices=9) < 90


def test_too_few_wrong_texts_are_told():
    pictures, texts = numbered(20)
    with pytest.raises(InputError, match="wrong_texts=19"):
        r_precision(by_number, pictures, texts, texts, choices=30)
    with pytest.raises(InputError, match="choices=1"):
        RPrecision(by_number, choices=1)


def test_fewer_choices_are_told_where_they_are_allowed():
    pictures, texts = numbered(12)
    real = collection(pictures, texts, [number // 6 for number in range(12)])
    with pytest.raises(InputError, match="wrong_texts=6"):
        RPrecision(by_number)(lambda texts, seed: pictures, real)
    metric = RPrecision(by_number, allow_fewer=True)
    assert metric(lambda texts, seed: pictures, real)["r_precision"] == 100
    assert metric(lambda texts, seed: pictures[::-1], real)["r_precision"] == 0
    assert metric.settings["r_precision_choices"] == 7
    alike = collection(pictures, texts, [0] * 12)
    with pytest.raises(InputError, match="wrong_texts=0"):
        metric(lambda texts, seed: pictures, alike)


def test_a_meaning_that_most_have_leaves_no_block_without_wrong_texts():
    pictures, texts = numbered(100)
    meanings = [max(0, number - 96) for number in range(100)]
    assert r_precision(by_number, pictures, texts, meanings, choices=4) == 100


def test_meanings():
    flower = CaptionedImage("1", None, ("a",), b"", {"label": 7})
    plain = CaptionedImage("2", None, ("a",), b"")
    assert meaning_of(flower, "a rose") == 7
    assert meaning_of(plain, "a rose") == "a rose"
    scene = draw_scenes("test", 2)[1]
    assert len(scene.extra["scene_graph"].objects) > 1
    assert len({meaning_of(scene, caption) for caption in scene.captions}) == 1


def test_painted_and_real_pictures_are_measured():
    pictures, texts = numbered(30)
    real = collection(pictures, texts, texts)
    metric = RPrecision(by_number, "the reader", choices=10)
    found = metric(lambda texts, seed: 255 - pictures[: len(texts)], real)
    assert found["r_precision"] < 20 and found["r_precision_real"] == 100
    assert metric.settings["r_precision_matcher"] == "the reader"
