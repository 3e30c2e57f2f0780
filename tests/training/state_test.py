"""The state of a run."""

import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.state import reseed, restore


def test_a_checkpoint_of_another_model_is_refused_by_name():
    weight = keras.Variable(np.zeros(3), name="weight")
    with pytest.raises(InputError, match=r"every variable.*missing=\['b'\]"):
        restore({"a": weight, "b": weight}, {"a": np.ones(3)})
    with pytest.raises(
        InputError,
        match=r"variable='w.*t=\(\(2,\), 'float64'\), model=\(\(3,\), 'float64'\)",
    ):
        restore({"a": weight}, {"a": np.ones(2)})
    restore({"a": weight}, {"a": np.ones(3)})
    assert np.asarray(weight).tolist() == [1, 1, 1]


def test_dropout_depends_on_the_seed_alone():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dropout(0.5)])

    def draw(seed):
        reseed(model, seed)
        return np.asarray(model(np.ones((1, 64)), training=True))

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()
