import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import LSTMDecoder
from keras_imgdesc.errors import InputError

TOKEN_IDS = np.array([[2, 4, 5, 6, 3], [2, 7, 3, 0, 0], [2, 11, 1, 9, 8]], "int32")


def run(decoder, feature_map, token_ids=TOKEN_IDS, **kwargs):
    inputs = {"feature_map": feature_map, "token_ids": token_ids}
    outputs = decoder(inputs, **kwargs)
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


def run_by_steps(decoder, feature_map, token_ids=TOKEN_IDS):
    memory, state = decoder.begin(feature_map)
    steps = []
    for word in range(token_ids.shape[-1]):
        log_probs, attention, state = decoder.step(token_ids[..., word], memory, state)
        steps.append([ops.convert_to_numpy(x) for x in (log_probs, attention)])
    log_probs, attention = (np.stack(x, axis=-2) for x in zip(*steps))
    return log_probs, attention


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"use_sentinel": False},
        {"tie_embeddings": False},
        {"embedding_dim": 10, "hidden_dim": 12, "feature_dim": 6, "num_heads": 3},
    ],
    ids=str,
)
def test_steps_are_the_training_form(toy_settings, feature_map, changes):
    decoder = LSTMDecoder(**toy_settings | changes)
    generator = np.random.default_rng(0)
    for variable in decoder.weights:
        variable.assign(variable + 0.5 * generator.normal(size=variable.shape))
    outputs = run(decoder, feature_map)
    log_probs, attention = run_by_steps(decoder, feature_map)
    np.testing.assert_allclose(log_probs, log_softmax(outputs["logits"]), atol=1e-5)
    np.testing.assert_allclose(attention, outputs["attention"], atol=1e-6)


def test_beams_share_an_image(toy_decoder, feature_map):
    token_ids = np.stack([TOKEN_IDS, TOKEN_IDS[:, ::-1]], axis=1)
    memory, state = toy_decoder.begin(feature_map)
    state = {name: ops.repeat(x[:, None], 2, axis=1) for name, x in state.items()}
    log_probs, attention, state = toy_decoder.step(token_ids[..., 0], memory, state)
    log_probs, attention, state = toy_decoder.step(token_ids[..., 1], memory, state)
    assert tuple(state["hidden"].shape) == (3, 2, 16)
    for beam in range(2):
        alone, looked = run_by_steps(toy_decoder, feature_map, token_ids[:, beam, :2])
        np.testing.assert_allclose(log_probs[:, beam], alone[:, 1], atol=1e-5)
        np.testing.assert_allclose(attention[:, beam], looked[:, 1], atol=1e-6)


def test_captions_may_share_a_feature_map(toy_decoder, feature_map):
    token_ids = np.concatenate([TOKEN_IDS, TOKEN_IDS[::-1]])
    shared = run(toy_decoder, feature_map, token_ids)
    each = run(toy_decoder, np.repeat(feature_map, 2, axis=0), token_ids)
    for name, value in each.items():
        np.testing.assert_allclose(shared[name], value, atol=1e-5)
    toy_decoder.compile("sgd")
    inputs = {"feature_map": feature_map, "token_ids": token_ids[:, :-1]}
    toy_decoder.train_on_batch(inputs, token_ids[:, 1:])


def test_a_word_depends_on_those_before_it_only(toy_decoder, feature_map):
    before = run(toy_decoder, feature_map)["logits"]
    changed = TOKEN_IDS.copy()
    changed[:, 3] = 10
    after = run(toy_decoder, feature_map, changed)["logits"]
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (np.abs(before[:, 3:] - after[:, 3:]).max(axis=(1, 2)) > 1e-3).all()


def test_images_do_not_mix(toy_decoder, feature_map):
    whole = run(toy_decoder, feature_map)
    for row in range(3):
        one = run(toy_decoder, feature_map[row : row + 1], TOKEN_IDS[row : row + 1])
        for name, value in one.items():
            np.testing.assert_allclose(value[0], whole[name][row], atol=1e-5)


def test_locations_are_told_apart(toy_decoder, feature_map):
    turned = np.ascontiguousarray(feature_map[:, ::-1])
    before = run(toy_decoder, feature_map)["logits"]
    assert np.abs(before - run(toy_decoder, turned)["logits"]).max() > 1e-2


def test_attention_and_sentinel_share_one(toy_decoder, toy_settings, feature_map):
    total = run(toy_decoder, feature_map)["attention"].sum(-1)
    assert (total < 1).all() and (total > 0).all()
    plain = LSTMDecoder(**toy_settings | {"use_sentinel": False})
    total = run(plain, feature_map)["attention"].sum(-1)
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_the_sentinel_has_its_part_in_the_words(toy_decoder, feature_map):
    before = run(toy_decoder, feature_map)["logits"]
    layer = toy_decoder.attention.sentinel_projection
    layer.bias.assign(layer.bias + 1.0)
    assert np.abs(before - run(toy_decoder, feature_map)["logits"]).max() > 1e-2


def test_dropout_is_for_training(toy_settings, feature_map):
    for share in ("dropout", "feature_dropout"):
        decoder = LSTMDecoder(**toy_settings | {"dropout": 0.0, share: 0.5})
        still = run(decoder, feature_map)["logits"]
        np.testing.assert_array_equal(still, run(decoder, feature_map)["logits"])
        assert np.abs(still - run(decoder, feature_map, training=True)["logits"]).any()


def test_tied_embeddings_are_one_matrix(toy_settings):
    tied = LSTMDecoder(**toy_settings)
    untied = LSTMDecoder(**toy_settings | {"tie_embeddings": False})
    assert untied.count_params() - tied.count_params() == 12 * 16


def test_paths_are_unique_and_the_same_in_every_decoder(toy_settings):
    first, second = LSTMDecoder(**toy_settings), LSTMDecoder(**toy_settings)
    paths = [variable.path for variable in first.weights]
    assert len(set(paths)) == len(paths)
    assert paths == [variable.path for variable in second.weights]


def test_a_decoder_comes_back_from_its_configuration(
    toy_decoder, feature_map, tmp_path
):
    again = LSTMDecoder.from_config(toy_decoder.get_config())
    for old, new in zip(toy_decoder.weights, again.weights, strict=True):
        assert old.path == new.path
        new.assign(old)
    expected = run(toy_decoder, feature_map)["logits"]
    np.testing.assert_array_equal(expected, run(again, feature_map)["logits"])
    toy_decoder.save(tmp_path / "decoder.keras")
    loaded = keras.models.load_model(tmp_path / "decoder.keras")
    np.testing.assert_array_equal(expected, run(loaded, feature_map)["logits"])


def test_mixed_bfloat16_gives_float32_outputs_near_those_of_float32(
    toy_decoder, toy_settings, feature_map, mixed_bfloat16
):
    mixed = LSTMDecoder(**toy_settings)
    assert mixed.recurrence.compute_dtype == "bfloat16"
    for old, new in zip(toy_decoder.weights, mixed.weights, strict=True):
        assert new.dtype == "float32"
        new.assign(old)
    outputs = run(mixed, feature_map)
    expected = run(toy_decoder, feature_map)
    for name, value in outputs.items():
        assert value.dtype == np.float32
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(value, expected[name], atol=0.05 * scale)
    log_probs, attention = run_by_steps(mixed, feature_map)
    assert log_probs.dtype == attention.dtype == np.float32
    np.testing.assert_allclose(np.exp(log_probs).sum(-1), 1, atol=1e-5)


def test_it_learns_captions_by_heart(toy_settings, feature_map):
    keras.utils.set_random_seed(0)
    decoder = LSTMDecoder(**toy_settings | {"dropout": 0.0})
    decoder.compile(keras.optimizers.Adam(0.02))
    x = {"feature_map": feature_map, "token_ids": TOKEN_IDS[:, :-1]}
    weights = (TOKEN_IDS[:, 1:] != 0).astype("float32")
    for _ in range(60):
        logs = decoder.train_on_batch(x, TOKEN_IDS[:, 1:], weights, return_dict=True)
    decoder.reset_metrics()
    logs = decoder.test_on_batch(x, TOKEN_IDS[:, 1:], weights, return_dict=True)
    assert logs["token_accuracy"] == 1.0
    assert logs["cross_entropy"] < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be at least 1"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"num_heads": 3}, "num_heads must divide feature_dim"),
        ({"feature_map_shape": (4, 4)}, "feature_map_shape must be"),
    ],
    ids=str,
)
def test_settings_that_make_no_decoder_are_refused(toy_settings, change, message):
    with pytest.raises(InputError, match=message):
        LSTMDecoder(**toy_settings | change)


def test_misspelt_options_are_refused():
    with pytest.raises(InputError, match=r"hiden_dim=8.*hidden_dim"):
        LSTMDecoder(12, (2, 2, 4), hiden_dim=8)
