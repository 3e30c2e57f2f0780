import numpy as np
import pytest

from keras_imgdesc.painting.learning.batches import PaintingData
from keras_imgdesc.painting.learning.wrong_texts import WrongTexts


def batch_of(captions, batch_size=None):
    """Return a batch whose sentences are 1, 2, ... for the different texts."""
    images = np.arange(len(captions), dtype="uint8")[:, None, None, None]

    def encode(texts):
        return {"sentence": 1.0 + np.arange(len(texts), dtype="float32")[:, None]}

    (batch,) = PaintingData(images, captions, encode, 4, batch_size or len(captions))[0]
    return batch


def test_a_wrong_text_equals_no_caption_of_the_image():
    batch = batch_of([["a rose", "A rose."], ["a rose!"], ["a rose?", "a daisy"]])
    by_image = {
        int(image[0, 0, 0]): (float(sentence[0]), wrong[:, 0].tolist())
        for image, sentence, wrong in zip(
            batch["image"], batch["sentence"], batch["mismatched"]
        )
    }
    daisy = 5.0
    assert by_image[0][1] == by_image[1][1] == [daisy]
    # Every text is right for the last image: zeros fit none.
    assert by_image[2][1] == [0.0]


def test_there_is_none_if_all_texts_are_equal():
    assert batch_of([["a rose"], ["A rose."]])["mismatched"].shape == (2, 0, 1)


def test_a_batch_of_one_text_takes_a_wrong_one_from_elsewhere():
    wrong = WrongTexts(owner=[0, 1, 2], text=[0, 0, 1], text_id=[5, 9])
    found = wrong([0, 1], [0, 0], np.random.default_rng(0))
    assert found.tolist() == [1, 1]


@pytest.mark.parametrize("labels", [None, [0, 0, 1]])
def test_no_text_of_the_class_is_wrong(labels):
    wrong = WrongTexts(
        owner=[0, 1, 2], text=[0, 1, 2], text_id=[0, 1, 2], labels=labels
    )
    found = wrong([0, 1, 2], [0, 1, 2], np.random.default_rng(0))
    assert found.tolist() == ([1, 2, 0] if labels is None else [2, 2, 0])
