import keras
import numpy as np
from keras import ops

from keras_imgdesc.captioning.decoders.causal_self_attention import CausalSelfAttention

X = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")


def test_it_computes_what_the_attention_of_keras_computes(shake):
    ours = CausalSelfAttention(num_heads=3)
    ours.build(X.shape)
    shake(ours)
    kernel, bias, output_kernel, output_bias = ours.get_weights()
    theirs = keras.layers.MultiHeadAttention(num_heads=3, key_dim=2)
    theirs.build(X.shape, X.shape)
    weights = []
    for part in range(3):
        columns = slice(6 * part, 6 * part + 6)
        weights += [kernel[:, columns].reshape(6, 3, 2), bias[columns].reshape(3, 2)]
    theirs.set_weights([*weights, output_kernel.reshape(3, 2, 6), output_bias])
    np.testing.assert_allclose(
        ops.convert_to_numpy(ours(X)),
        ops.convert_to_numpy(theirs(X, X, use_causal_mask=True)),
        atol=1e-5,
    )


def test_word_by_word_it_computes_the_same(shake):
    layer = CausalSelfAttention(num_heads=2)
    layer.build(X.shape)
    shake(layer)
    expected = ops.convert_to_numpy(layer(X))
    # What is in the slots of later words must not matter.
    keys = ops.convert_to_tensor(np.full((2, 2, 3, 7), 9, "float32"))
    values = ops.convert_to_tensor(np.full((2, 2, 7, 3), 9, "float32"))
    for word in range(5):
        position = ops.full((2,), word, dtype="int32")
        got, keys, values = layer.advance(
            ops.convert_to_tensor(X[:, word]), keys, values, position
        )
        np.testing.assert_allclose(
            ops.convert_to_numpy(got), expected[:, word], atol=1e-5
        )
    assert (ops.convert_to_numpy(keys)[..., 5:] == 9).all()
    assert (ops.convert_to_numpy(values)[:, :, 5:] == 9).all()
