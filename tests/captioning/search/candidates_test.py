import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning.search.candidates import likeliest_words


def expected_words(log_probs, addend, count):
    """Sort the whole vocabulary; a stable sort keeps equal words in order."""
    sums = log_probs + addend
    token_ids = np.argsort(-sums, axis=-1, kind="stable")[..., :count]
    return np.take_along_axis(sums, token_ids, axis=-1), token_ids


# In one piece; in blocks, of which the last is incomplete; in complete blocks.
@pytest.mark.parametrize(("size", "count"), [(12, 3), (1500, 3), (4096, 5)])
@pytest.mark.parametrize("steps", [4.0, 1e6])
def test_the_likeliest_words_are_those_of_a_sorted_vocabulary(size, count, steps):
    rng = np.random.default_rng(size)
    # Rounded to few steps, most words have an equal.
    log_probs = rng.normal(size=(2, 3, size))
    log_probs = np.round(steps * log_probs).astype("float32") / np.float32(steps) - 9
    addend = np.zeros((size,), "float32")
    addend[log_probs[0, 0].argmax()] = -1e9
    found, token_ids = likeliest_words(log_probs, addend, count)
    values, expected = expected_words(log_probs, addend, count)
    np.testing.assert_array_equal(ops.convert_to_numpy(token_ids), expected)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), values)


@pytest.mark.parametrize("size", [12, 1500])
def test_where_too_few_words_are_allowed_the_others_are_impossible(size):
    log_probs = np.full((1, 2, size), -9.0, "float32")
    addend = np.full((size,), -1e9, "float32")
    addend[[7, size - 1]] = 0
    found, token_ids = likeliest_words(log_probs, addend, 3)
    np.testing.assert_array_equal(found, [[[-9.0, -9.0, -1e9]] * 2])
    np.testing.assert_array_equal(token_ids, [[[7, size - 1, 0]] * 2])


@pytest.mark.parametrize("count", [1, 12])
def test_any_number_of_words_is_found(count):
    log_probs = np.log(np.arange(1, 13, dtype="float32") / 78)[None, None]
    _, token_ids = likeliest_words(log_probs, np.zeros(12, "float32"), count)
    np.testing.assert_array_equal(token_ids, [[range(11, 11 - count, -1)]])


def test_blocks_give_the_same_words_in_litert(tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    rng = np.random.default_rng(0)
    log_probs = np.round(rng.normal(size=(1, 3, 1500))).astype("float32")
    addend = np.where(np.arange(1500) < 3, np.float32(-1e9), np.float32(0))

    def words(log_probs):
        found, token_ids = likeliest_words(log_probs, addend, 3)
        return {"found": found, "token_ids": token_ids}

    module = tf.Module()
    spec = tf.TensorSpec((1, 3, 1500), name="log_probs")
    module.words = tf.function(words, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(tmp_path), signatures=module.words)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    run = Interpreter(model_content=converter.convert()).get_signature_runner()
    got = run(log_probs=log_probs)
    values, expected = expected_words(log_probs, addend, 3)
    np.testing.assert_array_equal(got["token_ids"], expected)
    np.testing.assert_array_equal(got["found"], values)
