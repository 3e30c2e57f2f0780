import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_imgdesc.captioning.training_data import training_dataset
from keras_imgdesc.errors import InputError

CAPTIONS = ["a red dog runs", "two cat", "a dog", "big cat sleeps", "a cat runs"]


def batches(data, captioner, batch_size=2, **kwargs):
    return list(training_dataset(data, captioner.preprocessor, batch_size, **kwargs))


@pytest.mark.parametrize("form", ["dict", "dataset", "batches"])
def test_images_with_captions_become_batches(toy_captioner, photos, form):
    data = {"image": photos, "caption": CAPTIONS}
    if form != "dict":
        data = tf.data.Dataset.from_tensor_slices(data)
    if form == "batches":
        data = data.batch(2)
    got = batches(data, toy_captioner)
    assert [len(token_ids) for _, token_ids, _ in got] == [2, 2, 1]
    inputs, token_ids, weights = got[0]
    assert inputs["image"].shape == (2, 32, 32, 3)
    assert inputs["image"].dtype == tf.uint8
    assert inputs["token_ids"].numpy().tolist() == [
        [2, 4, 9, 5, 7, 3, 0],
        [2, 11, 6, 3, 0, 0, 0],
    ]
    assert token_ids.numpy().tolist()[1] == [11, 6, 3, 0, 0, 0, 0]
    assert weights.numpy().tolist()[1] == [1, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("form", ["dict", "dataset"])
def test_a_cut_caption_does_not_teach_to_stop(toy_captioner, photos, form, caplog):
    data = {"image": photos[:2], "caption": ["dog " * 30, "a dog"]}
    if form == "dataset":
        data = tf.data.Dataset.from_tensor_slices(data)
    (inputs, following, weights), *_ = batches(data, toy_captioner)
    end_id = toy_captioner.vocabulary.end_id
    assert (following.numpy() == end_id).sum(axis=1).tolist() == [0, 1]
    assert inputs["token_ids"].shape == following.shape and weights.numpy()[0].all()
    # The captions of a dataset are not read in advance.
    said = "1 of 2 captions (50.00 %) are longer than 8 tokens" in caplog.text
    assert said == (form == "dict")


def test_feature_maps_and_token_ids_may_be_given(toy_captioner):
    features = np.ones((3, 2, 2, 32), "float32")
    token_ids = np.array([[2, 4, 3, 0, 0, 0, 0, 0]] * 3)
    data = {"feature_map": features, "token_ids": token_ids}
    data = tf.data.Dataset.from_tensor_slices(data)
    for dataset in (data, data.batch(2)):
        inputs, following, _ = batches(dataset, toy_captioner)[0]
        assert inputs["feature_map"].shape == (2, 2, 2, 32)
        assert following.shape == (2, 7)


def test_shuffling_keeps_pairs_together(toy_captioner, photos):
    data = {"image": np.repeat(photos, 8, axis=0), "caption": CAPTIONS * 8}
    data["caption"] = [text for text in CAPTIONS for _ in range(8)]
    ordered = batches(data, toy_captioner, 40)[0]
    shuffled = batches(data, toy_captioner, 40, shuffle=True)[0]
    assert (ordered[1].numpy() != shuffled[1].numpy()).any()

    def pairs(batch):
        inputs, token_ids, _ = batch
        images = inputs["image"].numpy()
        return {(x.tobytes(), y.tobytes()) for x, y in zip(images, token_ids.numpy())}

    assert pairs(ordered) == pairs(shuffled)
    assert len(pairs(ordered)) == 5


def test_images_of_every_kind_become_batches(toy_captioner, photos):
    expected = batches({"image": photos, "caption": CAPTIONS}, toy_captioner, 5)
    files = [io.BytesIO() for _ in photos]
    for photo, file in zip(photos, files, strict=True):
        Image.fromarray(photo).save(file, "PNG")
    for images in (list(photos), files, tf.constant(photos)):
        got = batches({"image": images, "caption": CAPTIONS}, toy_captioner, 5)
        np.testing.assert_array_equal(got[0][0]["image"], expected[0][0]["image"])


def test_floats_are_refused_with_the_remedy(toy_captioner, photos):
    data = {"image": photos.astype("float32"), "caption": CAPTIONS}
    dataset = tf.data.Dataset.from_tensor_slices(data)
    for floats in (data, dataset, dataset.batch(2)):
        with pytest.raises(InputError, match="must be uint8") as caught:
            training_dataset(floats, toy_captioner.preprocessor, 2)
        assert '`array.astype("uint8")`' in str(caught.value)


def test_captions_apart_from_their_images_are_refused(toy_captioner, photos):
    for captions in (CAPTIONS, np.array(CAPTIONS), tf.constant(CAPTIONS)):
        for method in (toy_captioner.fit, toy_captioner.evaluate):
            with pytest.raises(InputError, match="entries of one dict") as caught:
                method(photos, captions)
            assert '{"image": images, "caption": captions}' in str(caught.value)


def test_other_data_are_returned_unchanged(toy_captioner):
    for data in (None, {"image": 1, "token_ids": 2}, [1, 2]):
        assert training_dataset(data, toy_captioner.preprocessor, 2) is data
    ready = tf.data.Dataset.from_tensors(({"image": 1}, 2))
    assert training_dataset(ready, toy_captioner.preprocessor, 2) is ready


def test_examples_with_other_entries_are_refused(toy_captioner, photos):
    with pytest.raises(InputError, match="An example must have"):
        toy_captioner.preprocessor({"picture": photos, "caption": CAPTIONS})


def test_the_captions_of_a_dataset_are_counted_by_fit(fresh_captioner, photos, caplog):
    captioner = fresh_captioner
    captioner.compile(run_eagerly=True)
    data = {"image": photos[:2], "caption": ["dog " * 30, "a dog"]}
    dataset = tf.data.Dataset.from_tensor_slices(data)
    captioner.fit(dataset, batch_size=2, verbose=0)
    assert "1 of 2 captions (50.00 %) are longer than 8 tokens" in caplog.text
    data["caption"] = ["zebra", "giraffe"]
    with pytest.raises(InputError, match="the captioner knows.*zebra"):
        captioner.evaluate(tf.data.Dataset.from_tensor_slices(data), verbose=0)
