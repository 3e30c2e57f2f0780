import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.paint_function import (
    CachedPainter,
    paint_texts,
)


def test_equal_texts_are_painted_once_per_seed():
    calls = []

    def paint(texts, seed):
        calls.append((tuple(texts), seed))
        return np.full((len(texts), 8, 8, 3), seed, np.uint8)

    painter = CachedPainter(paint, capacity=2)
    assert painter(["a"], 1).max() == 1 and painter(["a"], 2).max() == 2
    painter(["a"], 1)
    assert calls == [(("a",), 1), (("a",), 2)]
    painter(["b"], 1)
    painter(["a"], 1)  # evicted by the third answer
    assert len(calls) == 4


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 8, 8, 3), np.float32),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((1, 8, 9, 3), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
    ],
)
def test_other_arrays_than_one_square_image_per_text_are_refused(images):
    with pytest.raises(InputError, match="uint8"):
        CachedPainter(lambda texts, seed: images)(["a"], 0)
    with pytest.raises(InputError, match="uint8"):
        paint_texts(lambda texts, seed: images, ["a"], 0)
