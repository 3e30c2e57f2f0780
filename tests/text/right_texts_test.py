import numpy as np

from keras_imgdesc.text.right_texts import RightTexts, number_texts


def test_texts_are_equal_after_standardisation():
    texts = ["A man's dog!", "a cat", "a mans  DOG", "A cat"]
    assert number_texts(texts).tolist() == [0, 1, 0, 1]
    assert number_texts([]).tolist() == []


def test_a_text_is_right_for_every_image_that_has_it():
    captions = [("a", "b"), ("B.",), ("c", "c", "A")]
    owner = np.repeat(np.arange(3), [len(several) for several in captions])
    numbers = number_texts([text for several in captions for text in several])
    found = RightTexts(owner, numbers)([2, 0, 1], numbers)
    expected = [
        [text.lower().strip(".") in plain for several in captions for text in several]
        for plain in (("c", "a"), ("a", "b"), ("b",))
    ]
    assert found.tolist() == expected


def test_a_text_that_is_no_caption_is_right_for_none():
    right = RightTexts([0, 1], [0, 1])
    assert not right([0, 1], [2, 3, -1]).any()
    assert not RightTexts([], [])([0], [0]).any()
