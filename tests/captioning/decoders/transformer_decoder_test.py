import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import TransformerDecoder
from keras_imgdesc.errors import InputError

# What every decoder must do is checked by `run_decoder_contract` in registry_test.py.

TOKEN_IDS = np.array([[2, 4, 5, 6, 3], [2, 7, 3, 0, 0], [2, 11, 1, 9, 8]], "int32")
WORDS = {"token_ids": TOKEN_IDS[:, :-1]}


@pytest.fixture
def settings(toy_settings):
    return toy_settings | {"num_layers": 2, "max_length": 6, "dropout": 0.0}


@pytest.mark.parametrize(
    "changes",
    [
        {"tie_embeddings": False, "num_layers": 1},
        {"embedding_dim": 10, "hidden_dim": 12, "feature_dim": 6, "num_heads": 3},
        {"feed_forward_dim": 5, "num_layers": 3, "max_length": 5},
    ],
    ids=str,
)
def test_steps_agree_with_the_training_form(
    settings, feature_map, shake, forms, changes
):
    decoder = shake(TransformerDecoder(**settings | changes))
    expected, got = (form(decoder, feature_map, TOKEN_IDS) for form in forms)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(got[1], expected[1], atol=1e-6)


def test_words_have_positions(settings, feature_map):
    decoder = TransformerDecoder(**settings)
    # With the same words before the last, only their order differs.
    words = np.array([[2, 4, 5, 6], [2, 5, 4, 6]], "int32")
    features = feature_map[[0, 0]]
    logits = decoder({"feature_map": features, "token_ids": words})["logits"]
    last = ops.convert_to_numpy(logits)[:, -1]
    assert np.abs(last[0] - last[1]).max() > 1e-3


def test_attention_is_the_mean_over_the_layers(settings, feature_map, shake):
    decoder = shake(TransformerDecoder(**settings))
    outputs = decoder({"feature_map": feature_map} | WORDS)
    maps = []
    memory = decoder.begin(feature_map)[0]
    x = decoder.positions(
        decoder.word_projection(decoder.word_embedding(*WORDS.values()))
    )
    for index, block in enumerate(decoder.blocks):
        x, attention = block(x, memory[f"keys_{index}"], memory[f"values_{index}"])
        maps.append(ops.convert_to_numpy(attention))
    assert np.abs(maps[0] - maps[1]).max() > 1e-2
    got = ops.convert_to_numpy(outputs["attention"])
    np.testing.assert_allclose(got, (maps[0] + maps[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("rate", ["dropout", "feature_dropout"])
def test_dropout_is_active_in_training_only(settings, feature_map, rate):
    decoder = TransformerDecoder(**settings | {rate: 0.5})

    def logits(training):
        inputs = {"feature_map": feature_map} | WORDS
        return ops.convert_to_numpy(decoder(inputs, training=training)["logits"])

    np.testing.assert_array_equal(logits(False), logits(False))
    assert np.abs(logits(False) - logits(True)).max() > 1e-3


def test_it_memorizes_three_captions(settings, feature_map):
    keras.utils.set_random_seed(0)
    decoder = TransformerDecoder(**settings | {"num_layers": 1})
    decoder.compile(keras.optimizers.Adam(0.01))
    x = {"feature_map": feature_map} | WORDS
    weights = (TOKEN_IDS[:, 1:] != 0).astype("float32")
    for _ in range(40):
        logs = decoder.train_on_batch(x, TOKEN_IDS[:, 1:], weights, return_dict=True)
        decoder.reset_metrics()
    assert logs["token_accuracy"] == 1.0
    assert logs["cross_entropy"] < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_layers": 0}, "num_layers must be at least 1"),
        ({"max_length": 0}, "max_length must be at least 1"),
        ({"feed_forward_dim": 0}, "feed_forward_dim must be at least 1"),
        ({"dropout": -0.1}, "dropout must be in"),
        ({"hidden_dim": 15}, "num_heads must divide hidden_dim"),
        ({"feature_dim": 9}, "num_heads must divide feature_dim"),
        ({"num_layer": 3}, r"no such option.*num_layer=3.*num_layers"),
    ],
    ids=str,
)
def test_invalid_settings_are_refused(settings, change, message):
    with pytest.raises(InputError, match=message):
        TransformerDecoder(**settings | change)


def test_a_caption_that_is_too_long_is_refused(settings, feature_map):
    decoder = TransformerDecoder(**settings)
    token_ids = np.full((3, 7), 4, "int32")
    with pytest.raises(InputError, match=r"words=7, max_length=6"):
        decoder({"feature_map": feature_map, "token_ids": token_ids})
