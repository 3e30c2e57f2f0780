import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import LSTMDecoder
from keras_imgdesc.errors import InputError

# What every decoder must do is checked by `run_decoder_contract` in registry_test.py.

TOKEN_IDS = np.array([[2, 4, 5, 6, 3], [2, 7, 3, 0, 0], [2, 11, 1, 9, 8]], "int32")


def run(decoder, feature_map, token_ids=TOKEN_IDS, **kwargs):
    inputs = {"feature_map": feature_map, "token_ids": token_ids}
    outputs = decoder(inputs, **kwargs)
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


@pytest.mark.parametrize(
    "changes",
    [
        {"use_sentinel": False},
        {"tie_embeddings": False},
        {"embedding_dim": 10, "hidden_dim": 12, "feature_dim": 6, "num_heads": 3},
    ],
    ids=str,
)
def test_steps_agree_with_the_training_form(
    toy_settings, feature_map, shake, forms, changes
):
    decoder = shake(LSTMDecoder(**toy_settings | changes))
    expected, got = (form(decoder, feature_map, TOKEN_IDS) for form in forms)
    np.testing.assert_allclose(got[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(got[1], expected[1], atol=1e-6)


def test_locations_have_positions(toy_decoder, feature_map):
    turned = np.ascontiguousarray(feature_map[:, ::-1])
    before = run(toy_decoder, feature_map)["logits"]
    assert np.abs(before - run(toy_decoder, turned)["logits"]).max() > 1e-2


def test_attention_sums_to_one_without_the_sentinel(
    toy_decoder, toy_settings, feature_map
):
    total = run(toy_decoder, feature_map)["attention"].sum(-1)
    assert (total < 1).all() and (total > 0).all()
    plain = LSTMDecoder(**toy_settings | {"use_sentinel": False})
    total = run(plain, feature_map)["attention"].sum(-1)
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_the_sentinel_contributes_to_the_words(toy_decoder, feature_map):
    before = run(toy_decoder, feature_map)["logits"]
    layer = toy_decoder.attention.sentinel_projection
    layer.bias.assign(layer.bias + 1.0)
    assert np.abs(before - run(toy_decoder, feature_map)["logits"]).max() > 1e-2


def test_dropout_is_active_in_training_only(toy_settings, feature_map):
    for rate in ("dropout", "feature_dropout"):
        decoder = LSTMDecoder(**toy_settings | {"dropout": 0.0, rate: 0.5})
        still = run(decoder, feature_map)["logits"]
        np.testing.assert_array_equal(still, run(decoder, feature_map)["logits"])
        assert np.abs(still - run(decoder, feature_map, training=True)["logits"]).any()


def test_tied_embeddings_are_one_matrix(toy_settings):
    tied = LSTMDecoder(**toy_settings)
    untied = LSTMDecoder(**toy_settings | {"tie_embeddings": False})
    assert untied.count_params() - tied.count_params() == 12 * 16


def test_training_on_captions_that_share_a_feature_map(toy_decoder, feature_map):
    token_ids = np.concatenate([TOKEN_IDS, TOKEN_IDS[::-1]])
    toy_decoder.compile("sgd")
    inputs = {"feature_map": feature_map, "token_ids": token_ids[:, :-1]}
    toy_decoder.train_on_batch(inputs, token_ids[:, 1:])


def test_it_memorizes_three_captions(toy_settings, feature_map):
    keras.utils.set_random_seed(0)
    decoder = LSTMDecoder(**toy_settings | {"dropout": 0.0})
    decoder.compile(keras.optimizers.Adam(0.02))
    x = {"feature_map": feature_map, "token_ids": TOKEN_IDS[:, :-1]}
    weights = (TOKEN_IDS[:, 1:] != 0).astype("float32")
    for _ in range(60):
        logs = decoder.train_on_batch(x, TOKEN_IDS[:, 1:], weights, return_dict=True)
        decoder.reset_metrics()
    logs = decoder.train_on_batch(x, TOKEN_IDS[:, 1:], weights, return_dict=True)
    assert logs["token_accuracy"] == 1.0
    assert logs["cross_entropy"] < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be at least 1"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"num_heads": 3}, "num_heads must divide feature_dim"),
        ({"feature_map_shape": (4, 4)}, "feature_map_shape must be"),
        ({"feature_map_shape": (4, None, 6)}, "feature_map_shape must be"),
        ({"feature_map_shape": (4, -1, 6)}, "feature_map_shape must be"),
    ],
    ids=str,
)
def test_invalid_settings_are_refused(toy_settings, change, message):
    with pytest.raises(InputError, match=message):
        LSTMDecoder(**toy_settings | change)


def test_misspelt_options_are_refused():
    with pytest.raises(InputError, match=r"hiden_dim=8.*hidden_dim"):
        LSTMDecoder(12, (2, 2, 4), hiden_dim=8)
