import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.matching.matching_data import matching_dataset


def test_equal_texts_of_a_batch_are_marked(toy_matcher):
    data = {
        "image": np.zeros((3, 32, 32, 3), "uint8"),
        "caption": [["a red circle", "red"], ["A red circle.", "blue"], ["blue", "a"]],
    }
    ((_, targets),) = matching_dataset(data, toy_matcher, 3)
    assert targets["text_id"].numpy().tolist() == [0, 1, 0, 2, 2, 3]
    assert targets["is_right"].numpy().astype(int).tolist() == [
        [1, 1, 1, 0, 0, 0],
        [1, 0, 1, 1, 1, 0],
        [0, 0, 0, 1, 1, 1],
    ]


def test_equal_texts_do_not_raise_the_loss(fresh_matcher, photos):
    def losses(captions):
        matcher = fresh_matcher()
        matcher.compile(run_eagerly=True)
        data = {"image": photos[:4], "caption": captions}
        return matcher.evaluate(data, batch_size=4, verbose=0, return_dict=True)

    # Nothing is wrong, so the right text and image are certain.
    found = losses(["a red circle", "A red circle!"] * 2)
    np.testing.assert_allclose(found["loss"], 0.0, atol=1e-6)
    assert found["text_accuracy"] == found["image_accuracy"] == 1


def test_texts_of_unknown_words_do_not_end_with_a_perfect_score(fresh_matcher, photos):
    matcher = fresh_matcher()
    matcher.compile()
    data = {"image": photos[:2], "caption": ["zebra", "one giraffe"]}
    for method in (matcher.fit, matcher.evaluate):
        with pytest.raises(InputError, match="the matcher knows.*'zebra', 'one'"):
            method(data)
    with pytest.warns(UnknownWordsWarning, match=r"50\.0 %.*matcher: zebra"):
        matching_dataset(data | {"caption": ["zebra", "red"]}, matcher, 2)


def test_the_captions_of_a_dataset_are_checked_while_they_stream(
    fresh_matcher, photos, caplog
):
    def dataset(captions):
        data = {"image": photos[:2], "caption": captions}
        return tf.data.Dataset.from_tensor_slices(data)

    matcher = fresh_matcher()
    matcher.compile(run_eagerly=True)  # tracing takes longer than two images
    # Equal texts of unknown words would be a perfect score.
    with pytest.raises(InputError, match="the matcher knows.*'zebra', 'one'"):
        matcher.evaluate(dataset(["zebra", "one giraffe"]), batch_size=2, verbose=0)
    assert "are cut" not in caplog.text
    matcher.fit(dataset(["red " * 40, "a red circle"]), batch_size=2, verbose=0)
    assert "1 of 2 captions (50.00 %) are longer than" in caplog.text
