import numpy as np
import pytest

from keras_imgdesc import backend
from keras_imgdesc.backend import (
    choose_precision,
    deferred_variables,
    dtype_policy,
    ordered_sums,
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


def read_by_others(function):
    """Return a function's sum of three with and without others reading the parts."""
    import tensorflow as tf

    chance = np.random.default_rng(0)
    values = [chance.normal(size=1000).astype("float32") for _ in range(3)]
    found = []
    for is_read in (False, True):

        @tf.function
        def compute(*inputs, is_read=is_read):
            # Doubled: arguments of a function are never overwritten.
            parts = [2 * x for x in inputs]
            return function(parts), parts[:2] if is_read else []

        found.append(compute(*values)[0].numpy())
    return found


def add_n(parts):
    import tensorflow as tf

    return tf.add_n(parts)


def plus(parts):
    return parts[0] + parts[1] + parts[2]


def gradient(parts):
    """Return the gradient of what is used three times: the sum of the parts."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        x = tf.zeros_like(parts[0])
        tape.watch(x)
        # The parts are the gradients themselves, not copies of them.
        uses = [pass_through(x, part) for part in parts]
    return tape.gradient(uses, x, output_gradients=[None] * 3)


def pass_through(x, part):
    import tensorflow as tf

    @tf.custom_gradient
    def use(x):
        return tf.identity(x), lambda _: part

    return use(x)


@pytest.mark.parametrize("function", [add_n, plus, gradient])
def test_sums_do_not_depend_on_what_else_reads_their_parts(function):
    import tensorflow as tf
    from tensorflow.python.ops import gen_math_ops

    before = gen_math_ops.add_n
    with ordered_sums():
        alone, read = read_by_others(function)
    np.testing.assert_array_equal(alone, read)
    # Elsewhere they do; see findings/tensorflow_sum_of_three_depends_on_readers.sh.
    alone, read = read_by_others(function)
    assert (alone != read).any()
    assert gen_math_ops.add_n is before
    options = tf.config.optimizer.get_experimental_options()
    assert options["arithmetic_optimization"]


def test_the_gradient_of_a_loop_has_no_sum_of_three():
    import tensorflow as tf

    def compute(x):
        # What the loop reads three times has a gradient of three lists of tensors.
        rows = tf.TensorArray("float32", 3).unstack(x)

        def step(i, y):
            row = rows.read(i) + tf.sin(rows.read(i)) * rows.read(i)
            return i + 1, y * y + tf.sin(y) * y + row

        with tf.GradientTape() as tape:
            tape.watch(x)
            rows = rows.unstack(x)
            _, y = tf.while_loop(lambda i, y: i < 3, step, [0, x[0]])
        return tape.gradient(y, x)

    def traced():
        function = tf.function(compute)
        graph = function.get_concrete_function(tf.ones((3, 4))).graph.as_graph_def()
        nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
        sums = [len(n.input) for n in nodes if n.op == "AddN"]
        return max(sums), function(tf.ones((3, 4))).numpy()

    largest, expected = traced()
    assert largest > 2
    with ordered_sums():
        largest, found = traced()
    assert largest == 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)
