import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.painting import (
    ConditionalBatchNormalization,
    ConditioningAugmentation,
    Discriminator,
)
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D, SpectralDense


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


def test_batch_normalization_is_that_of_keras_without_a_condition():
    layer, plain = (
        ConditionalBatchNormalization(),
        keras.layers.BatchNormalization(epsilon=1e-5, center=False, scale=False),
    )
    maps, nothing = normal(6, 4, 4, 3) * 2 + 1, np.zeros((6, 2), "float32")
    for training in (True, True, False):
        found = layer(maps, nothing, training=training)
        expected = plain(maps, training=training)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, plain.moving_variance, rtol=1e-5)


def test_the_condition_scales_and_shifts_each_row():
    layer = ConditionalBatchNormalization()
    maps, condition = normal(2, 4, 4, 3), np.array([[1.0], [0.0]], "float32")
    plain = np.asarray(layer(maps, condition * 0))
    kernel = np.array([[1.0, 1.0, 1.0, 5.0, 6.0, 7.0]], "float32")
    layer.scale_and_shift.kernel.assign(kernel)
    found = np.asarray(layer(maps, condition))
    np.testing.assert_allclose(found[0], plain[0] * 2 + [5, 6, 7], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], plain[1], rtol=1e-5)
    again = ConditionalBatchNormalization.from_config(layer.get_config())
    assert again.synchronized and again.epsilon == layer.epsilon


def test_conditioning_augmentation_draws_with_its_deviation():
    layer = ConditioningAugmentation(4)
    sentence = normal(2, 3)
    drawn, mean, log_variance = layer(sentence, np.ones((2, 4), "float32"))
    np.testing.assert_allclose(drawn - mean, np.exp(np.asarray(log_variance) / 2), 1e-5)


def test_spectral_layers_have_largest_singular_value_one():
    for layer, shape in (
        (SpectralDense(7), (2, 5)),
        (SpectralConv2D(6, 3), (1, 5, 5, 2)),
    ):
        inputs = normal(*shape)
        layer(inputs)
        layer.kernel.assign(layer.kernel * 9)
        for _ in range(60):
            layer(inputs, training=True)
        kernel = np.asarray(layer._normalized(False))
        values = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)
        np.testing.assert_allclose(values[0], 1.0, rtol=1e-3)
        vector = np.asarray(layer.vector)
        layer(inputs)  # not in training: nothing moves
        np.testing.assert_array_equal(vector, layer.vector)


def test_the_gradient_goes_through_the_spectral_norm():
    layer = SpectralDense(3)
    inputs = normal(2, 4)
    layer(inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(inputs) ** 2)
    gradient = tape.gradient(loss, layer.kernel.value)
    # A kernel divided by its norm does not change with its scale.
    along = np.sum(np.asarray(gradient) * np.asarray(layer.kernel))
    assert abs(along) < 1e-4 * np.abs(gradient).max()


def test_whitening_gives_every_direction_unit_variance():
    sentences = normal(500, 3) * [10, 1, 0.1] + 5
    layer = SentenceWhitening()
    layer.adapt(sentences @ np.linalg.qr(normal(3, 3))[0], floor=1e-6)
    turned = np.asarray(layer(sentences @ np.linalg.qr(normal(3, 3))[0]))
    np.testing.assert_allclose(np.cov(turned, rowvar=False), np.eye(3), atol=0.02)
    assert not layer.trainable_variables


def test_a_discriminator_scores_one_map_with_any_sentence():
    for conditioning in ("concatenated", "projection"):
        judge = Discriminator(5, resolution=32, width=4, conditioning=conditioning)
        again = Discriminator.from_config(judge.get_config())
        again.set_weights(judge.get_weights())
        images, sentences = normal(3, 32, 32, 3), normal(3, 5)
        scores = np.asarray(again({"image": images, "sentence": sentences}))
        maps = np.asarray(judge.read(images))
        parts = judge.judge({"map": maps, "sentence": sentences})
        np.testing.assert_allclose(scores, parts, rtol=1e-5, atol=1e-6)
        other = judge.judge({"map": maps, "sentence": sentences[::-1].copy()})
        assert np.abs(np.asarray(other) - scores)[0] > 1e-5
