import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    RememberingPainter,
    chosen_texts,
    real_pictures,
    sheet_texts,
    some_pictures,
)


def collection(count: int) -> CaptionCollection:
    return CaptionCollection(
        [
            CaptionedImage(
                str(i), None, (f"a{i}", f"b{i}", f"c{i}"), np.full((9, 9), i, np.uint8)
            )
            for i in range(count)
        ]
    )


def test_the_same_is_painted_once_and_another_seed_again():
    asked = []

    def generate(texts, seed):
        asked.append((tuple(texts), seed))
        return np.full((len(texts), 8, 8, 3), seed, np.uint8)

    painter = RememberingPainter(generate, kept=2)
    assert painter(["a"], 1).max() == 1 and painter(["a"], 2).max() == 2
    painter(["a"], 1)
    assert asked == [(("a",), 1), (("a",), 2)]
    painter(["b"], 1)
    painter(["a"], 1)  # forgotten for the third
    assert len(asked) == 4


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((1, 8, 8, 3), np.float32),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((1, 8, 9, 3), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
    ],
)
def test_what_is_no_picture_a_text_is_refused(pictures):
    with pytest.raises(InputError, match="uint8"):
        RememberingPainter(lambda texts, seed: pictures)(["a"], 0)


def test_each_wording_has_its_turn():
    assert chosen_texts(collection(4)) == ["a0", "b1", "c2", "a3"]
    assert chosen_texts(collection(4), 2) == ["a0", "b1"]
    with pytest.raises(InputError, match="texts=0"):
        chosen_texts(CaptionCollection([]))


def test_a_sheet_spans_the_collection():
    assert sheet_texts(collection(7), 3) == ["a0", "a3", "a6"]
    assert len(sheet_texts(collection(7))) == 7


def test_real_pictures_are_made_as_small_as_asked():
    pictures = real_pictures(collection(5), 4, limit=3)
    assert pictures.shape == (3, 4, 4, 3) and pictures.dtype == np.uint8
    assert pictures[:, 0, 0, 0].tolist() == [0, 1, 2]
    broken = CaptionCollection([CaptionedImage("1", None, ("a",), b"none")])
    with pytest.raises(ImageError):
        real_pictures(broken, 4)


def test_some_pictures_are_from_all_over():
    chosen = some_pictures(collection(9), 3)
    assert [e.image_id for e in chosen] == ["0", "4", "8"]
    assert len(some_pictures(collection(2), 3)) == 2
    assert len(some_pictures(collection(4))) == 4
