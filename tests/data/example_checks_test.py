"""Checks of examples handed to `fit`, by the tasks that make batches of them."""

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.captioning.training_data import training_dataset
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.matching_data import matching_dataset
from keras_imgdesc.painting.learning.batches import read_examples

IMAGES = np.zeros((2, 32, 32, 3), "uint8")


@pytest.mark.parametrize("make", [training_dataset, matching_dataset])
def test_examples_without_captions_or_of_other_number_are_refused(make):
    with pytest.raises(InputError, match="must have 'image' and 'caption'.*'text'"):
        make({"image": ["a.jpg"], "text": ["a dog"]}, None, 2)
    with pytest.raises(InputError, match="image=2, caption=1"):
        make({"image": ["a.jpg", "b.jpg"], "caption": ["a dog"]}, None, 2)
    inputs = {"image": [1], "token_ids": [2]}
    assert make(inputs, None, 2) is inputs


@pytest.mark.parametrize("captions", [["a dog", None], [["a dog"], []], ["a", 0.5]])
@pytest.mark.parametrize("make", [training_dataset, matching_dataset, read_examples])
def test_what_is_no_caption_is_refused(make, captions):
    arguments = (32,) if make is read_examples else (None, 2)
    with pytest.raises(InputError, match=r"caption must|one caption.*index=0"):
        make({"image": IMAGES, "caption": captions}, *arguments)


@pytest.mark.parametrize("captions", [[["a", "b"], ["c", "d"]], [["a", "b"], ["c"]]])
def test_several_captions_of_an_image_are_refused_by_name(captions):
    data = {"image": IMAGES, "caption": captions}
    for make, accepts in ((training_dataset, False), (matching_dataset, True)):
        if accepts and len(captions[1]) == 2:
            continue
        with pytest.raises(InputError, match=r"\['a', 'b'\].*epeat the image for each"):
            make(data, None, 2)


@pytest.mark.parametrize("is_batched", [False, True])
def test_a_dataset_with_several_captions_is_refused(is_batched):
    data = {"image": IMAGES, "caption": [["a", "b"], ["c", "d"]]}
    data = tf.data.Dataset.from_tensor_slices(data)
    with pytest.raises(InputError, match="must have one caption.*Repeat the image"):
        training_dataset(data.batch(2) if is_batched else data, None, 2)


@pytest.mark.parametrize("make", [training_dataset, matching_dataset])
def test_pairs_of_images_and_captions_are_refused(make):
    pairs = (IMAGES, ["a dog", None])
    for data in (pairs, tf.data.Dataset.from_tensor_slices((IMAGES, ["a", "b"]))):
        with pytest.raises(InputError, match='entries of one dict.*\'?"caption": '):
            make(data, None, 2)
    with pytest.raises(InputError, match="captions of a dataset must be strings"):
        numbers = tf.data.Dataset.from_tensor_slices(
            {"image": IMAGES, "caption": [1, 2]}
        )
        make(numbers, None, 2)
