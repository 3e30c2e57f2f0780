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
    """Return images whose grey level is the number in their text."""
    numbers = np.arange(count, dtype=np.uint8)
    images = np.broadcast_to(numbers[:, None, None, None], (count, 8, 8, 3))
    return images, [str(number) for number in numbers]


def collection(images, texts, labels) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(text, None, (text,), image, {"label": label})
            for text, image, label in zip(texts, images, labels, strict=True)
        ]
    )


def by_number(images, texts):
    numbers = np.array([int(text) for text in texts])
    return -np.abs(images[:, 0, 0, :1].astype(int) - numbers)


def test_a_reader_is_right_and_a_guess_in_one_of_ten_cases():
    images, texts = numbered(200)
    assert r_precision(by_number, images, texts, texts) == 100
    generator = np.random.default_rng(0)

    def guess(images, texts):
        return generator.random((len(images), len(texts)))

    rates = [
        r_precision(guess, images, texts, texts, choices=10, seed=s) for s in range(5)
    ]
    assert np.mean(rates) == pytest.approx(10, abs=3)


def test_a_tie_counts_as_wrong():
    images, texts = numbered(20)

    def constant(images, texts):
        return np.zeros((len(images), len(texts)))

    assert r_precision(constant, images, texts, texts, choices=5) == 0


def test_texts_of_equal_meaning_do_not_compete():
    images, texts = numbered(40)
    meanings = [number // 2 for number in range(40)]

    def nearly(images, texts):
        # Cannot tell the two texts of a pair apart.
        return by_number(images // 2, [str((int(text)) // 2) for text in texts])

    assert r_precision(nearly, images, texts, meanings, choices=9) == 100
    assert r_precision(nearly, images, texts, texts, choices=9) < 90


def test_too_few_wrong_texts_are_refused():
    images, texts = numbered(20)
    with pytest.raises(InputError, match="wrong_texts=19"):
        r_precision(by_number, images, texts, texts, choices=30)
    with pytest.raises(InputError, match="choices=1"):
        RPrecision(by_number, choices=1)


def test_fewer_choices_are_reported_where_they_are_allowed():
    images, texts = numbered(12)
    real = collection(images, texts, [number // 6 for number in range(12)])
    with pytest.raises(InputError, match="wrong_texts=6"):
        RPrecision(by_number).compute(lambda texts, seed: images, real)
    metric = RPrecision(by_number, allow_fewer=True)
    assert metric.compute(lambda texts, seed: images, real)["r_precision"] == 100
    assert metric.compute(lambda texts, seed: images[::-1], real)["r_precision"] == 0
    assert metric.settings["r_precision_choices"] == 7
    alike = collection(images, texts, [0] * 12)
    with pytest.raises(InputError, match="wrong_texts=0"):
        metric.compute(lambda texts, seed: images, alike)


def test_every_block_has_wrong_texts_even_if_most_texts_mean_the_same():
    images, texts = numbered(100)
    meanings = [max(0, number - 96) for number in range(100)]
    assert r_precision(by_number, images, texts, meanings, choices=4) == 100


def test_a_meaning_is_the_label_the_objects_or_the_text():
    flower = CaptionedImage("1", None, ("a",), b"", {"label": 7})
    plain = CaptionedImage("2", None, ("a",), b"")
    assert meaning_of(flower, "a rose") == 7
    assert meaning_of(plain, "a rose") == "a rose"
    scene = draw_scenes("test", 2)[1]
    assert len(scene.extra["scene_graph"].objects) > 1
    assert len({meaning_of(scene, caption) for caption in scene.captions}) == 1


def test_painted_and_real_images_are_measured():
    images, texts = numbered(30)
    real = collection(images, texts, texts)
    metric = RPrecision(by_number, "the reader", choices=10)
    found = metric.compute(lambda texts, seed: 255 - images[: len(texts)], real)
    assert found["r_precision"] < 20 and found["r_precision_real"] == 100
    assert metric.settings["r_precision_matcher"] == "the reader"


def test_equal_texts_of_different_meaning_do_not_compete():
    images, texts = numbered(12)
    # Each image has the text of the next as a caption, in other letters.
    captions = [(text, f"{int(text) + 1}!") for text in texts]
    next_one = [str(int(text) + 1) for text in texts]

    def by_next(images, texts):
        return by_number(images + 1, texts) + by_number(images, texts)

    assert r_precision(by_next, images, texts, texts, choices=5) < 100
    found = r_precision(by_next, images, next_one, texts, 5, captions=captions)
    assert found == 100
    alike = ["a rose", "A rose.", "a daisy", "a lily"]
    with pytest.raises(InputError, match="wrong_texts=2"):
        r_precision(by_number, images[:4], alike, range(4), choices=4)
