import numpy as np
import pytest

from keras_imgdesc.captioning import GRUDecoder, LSTMDecoder
from keras_imgdesc.errors import InputError

# What every decoder must do is checked by `run_decoder_contract` in registry_test.py.


def test_it_is_smaller_than_the_lstm(toy_settings):
    plain = LSTMDecoder(**toy_settings | {"use_sentinel": False})
    hidden, embedding = toy_settings["hidden_dim"], toy_settings["embedding_dim"]
    pooled = toy_settings["feature_dim"]
    # One gate less, and one state less to start from.
    gate = hidden * (embedding + hidden + pooled + 1)
    state = hidden * (pooled + 1)
    got = plain.count_params() - GRUDecoder(**toy_settings).count_params()
    assert got == gate + state


def test_its_state_is_one_tensor(toy_settings, feature_map):
    memory, state = GRUDecoder(**toy_settings).begin(feature_map)
    assert sorted(memory) == ["input", "keys", "values"]
    assert {name: tuple(x.shape) for name, x in state.items()} == {"hidden": (3, 16)}


def test_it_has_no_sentinel(toy_settings):
    with pytest.raises(InputError, match="GRUDecoder has no such option"):
        GRUDecoder(**toy_settings, use_sentinel=True)


def test_a_new_cell_remembers(toy_settings):
    bias = np.asarray(GRUDecoder(**toy_settings).image_projection.bias)
    assert bias.reshape(3, 16).sum(axis=1).tolist() == [0, 16, 0]
