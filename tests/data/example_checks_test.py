"""Checks of examples handed to `fit`, by the tasks that make batches of them."""

import pytest

from keras_imgdesc.captioning.training_data import training_dataset
from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.matching_data import matching_dataset


@pytest.mark.parametrize("make", [training_dataset, matching_dataset])
def test_examples_without_captions_or_of_other_number_are_refused(make):
    with pytest.raises(InputError, match="must have 'image' and 'caption'.*'text'"):
        make({"image": ["a.jpg"], "text": ["a dog"]}, None, 2)
    with pytest.raises(InputError, match="image=2, caption=1"):
        make({"image": ["a.jpg", "b.jpg"], "caption": ["a dog"]}, None, 2)
    inputs = {"image": [1], "token_ids": [2]}
    assert make(inputs, None, 2) is inputs
