import numpy as np
import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.rouge import RougeL


def test_rouge_equals_a_count_by_hand():
    # "the dog here" and "a dog is there and here" share "dog here" in this order:
    # precision 2 / 3, recall 2 / 6. The second reference gives precision 1 / 3 and
    # recall 1 / 1. The best of each is used: P = 2 / 3, R = 1.
    texts = ("a dog is there and here", "dog")
    images = CaptionCollection([CaptionedImage("1", None, texts, b"")])
    found = RougeL().compute(["The dog (here)!"], images)["rouge_l"]
    precision, recall, weight = 2 / 3, 1, 1.2**2
    expected = (1 + weight) * precision * recall / (recall + weight * precision)
    assert found == pytest.approx(100 * expected)


def test_nothing_in_common_scores_0(collection):
    found = RougeL().compute(["zebra", "", "zebra"], collection)
    assert found == {"rouge_l": 0}


def test_a_resample_weighs_the_images(collection):
    captions = ["a dog runs on the grass", "zebra", "a cat on a sofa"]
    sampler = RougeL().sampler(captions, collection)
    found = sampler(np.array([[1, 1, 1], [3, 0, 0], [0, 1, 2]]))["rouge_l"]
    assert found == pytest.approx([200 / 3, 100, 200 / 3])


def test_wrong_arguments_are_refused(collection):
    with pytest.raises(InputError, match="captions=1"):
        RougeL().compute(["a"], collection)
