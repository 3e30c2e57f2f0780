import numpy as np
import pytest

from keras_imgdesc import backend
from keras_imgdesc.backend import (
    choose_precision,
    deferred_variables,
    dtype_policy,
)
from keras_imgdesc.errors import InputError


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 avx512f", "float32"),
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("amx_tile amx_bf16", "mixed_bfloat16"),
    ],
)
def test_the_cpu_decides(monkeypatch, flags, expected):
    monkeypatch.setattr(backend, "_has_gpu", lambda: False)
    assert choose_precision("auto", f"flags\t\t: {flags}\n") == expected


def test_the_choice_of_the_user_is_kept():
    assert choose_precision("float32", "amx_bf16") == "float32"
    with pytest.raises(InputError, match="float12"):
        choose_precision("float12")


@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_variables_in_16_bits_are_refused(policy):
    import keras

    with pytest.raises(InputError, match=f"mixed_{policy}"):
        choose_precision(policy)
    with pytest.raises(InputError, match=f"mixed_{policy}"), dtype_policy(policy):
        pass
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with pytest.raises(InputError, match=f"mixed_{policy}"), dtype_policy(None):
            pass
    finally:
        keras.config.set_dtype_policy(before)


def test_the_global_policy_is_restored():
    import keras

    before = keras.config.dtype_policy().name
    with pytest.raises(KeyboardInterrupt), dtype_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise KeyboardInterrupt
    with dtype_policy(None):
        assert keras.config.dtype_policy().name == before
    assert keras.config.dtype_policy().name == before


def test_deferred_variables_get_their_values_at_the_end():
    import keras

    def refuse(shape, dtype):
        raise AssertionError("this value is never needed")

    reads = []

    def read():
        reads.append("read")
        return np.arange(6, dtype="float32").reshape(2, 3)

    with deferred_variables() as set_first_value:
        named = keras.Variable(refuse, shape=(2, 3), name="named")
        other = keras.Variable("ones", shape=(4,), name="other")
        set_first_value(named, read)
        assert tuple(named.shape) == (2, 3) and not reads
    assert reads == ["read"]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(named), read())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(other), np.ones(4))
    named.assign(named + 1)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(named), read() + 1)


def test_a_layer_that_was_frozen_can_be_trained_later():
    import keras

    with deferred_variables() as set_first_value:
        layer = keras.layers.Dense(1, use_bias=False)
        layer.build((None, 2))
        layer.trainable = False
        set_first_value(layer.kernel, lambda: np.ones((2, 1), "float32"))
    assert not layer.kernel.trainable and not layer.trainable_variables
    layer.trainable = True
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((1, 2)), np.zeros((1, 1)))
    assert np.all(keras.ops.convert_to_numpy(layer.kernel) < 1)


def test_after_an_error_variables_are_as_usual():
    import keras

    with pytest.raises(KeyboardInterrupt), deferred_variables():
        begun = keras.Variable("ones", shape=(2,))
        raise KeyboardInterrupt
    # Its value may be too large, and nobody needs it.
    assert begun._value is None
    later = keras.Variable(np.zeros(2, "float32"))
    later.assign([1.0, 2.0])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(later), [1, 2])


def test_a_value_that_cannot_be_read_does_not_stop_the_next_block():
    import keras

    def fail():
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"), deferred_variables() as give:
        give(keras.Variable("zeros", shape=(2,)), lambda: np.ones(2, "float32"))
        give(keras.Variable("zeros", shape=(2,)), fail)
        huge = keras.Variable("zeros", shape=(1 << 40, 1 << 10))
    assert huge._value is None
    with deferred_variables() as give:
        later = keras.Variable("zeros", shape=(2,))
        give(later, lambda: np.ones(2, "float32"))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(later), np.ones(2))
