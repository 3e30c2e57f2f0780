"""Training of an image encoder that keeps the classes of a classifier."""

import keras
import numpy as np
import pytest

from keras_imgdesc import EfficientNetLiteEncoder, ImageClassifier, VGG16Encoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.kept_classes import keep_classes
from keras_imgdesc.training.captioner.recipe import CaptionRecipe

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.fixture
def classifier() -> ImageClassifier:
    keras.utils.set_random_seed(0)
    encoder = EfficientNetLiteEncoder(image_size=32, feature_layer="block4")
    return ImageClassifier.build_parts(encoder, ["cat", "dog", "cup"])


def changed_encoder(classifier: ImageClassifier) -> EfficientNetLiteEncoder:
    """Return a copy whose last layers have other weights."""
    encoder = classifier.image_encoder.resized(32)
    encoder.set_trainable_from("block4")
    for weight in encoder.trainable_weights:
        weight.assign(weight + 0.1)
    return encoder


def divergence(classifier: ImageClassifier, encoder, temperature: float) -> float:
    """Kullback and Leibler's divergence by hand, mean over the images."""

    def probabilities(feature_map):
        powers = np.exp(np.asarray(classifier.head(feature_map)) / temperature)
        return powers / powers.sum(axis=-1, keepdims=True)

    expected = probabilities(classifier.image_encoder(IMAGES))
    found = probabilities(encoder(IMAGES))
    return float((expected * np.log(expected / found)).sum(axis=-1).mean())


@pytest.mark.parametrize("part", ["complete", "upper"])
def test_the_loss_is_the_divergence_from_the_classifier(classifier, part):
    encoder = changed_encoder(classifier)
    frozen, upper = encoder.split()
    trained, inputs = (encoder, IMAGES) if part == "complete" else (upper, None)
    inputs = frozen(IMAGES) if inputs is None else inputs
    kept = keep_classes(trained, encoder, classifier, weight=0.5)
    np.testing.assert_allclose(kept(inputs), encoder(IMAGES), rtol=1e-6)
    (loss,) = kept.losses
    expected = 0.5 * 2**2 * divergence(classifier, encoder, temperature=2)
    assert expected > 1e-4
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    trained_paths = [weight.path for weight in kept.trainable_weights]
    assert trained_paths == [weight.path for weight in encoder.trainable_weights]


def test_training_brings_the_classes_back(classifier):
    encoder = changed_encoder(classifier)
    before = divergence(classifier, encoder, temperature=1)
    answers = np.asarray(classifier(IMAGES))
    kept = keep_classes(encoder, encoder, classifier, weight=1.0)
    kept.compile("adam", loss=lambda y, found: 0.0 * keras.ops.mean(found))
    kept.fit(IMAGES, np.zeros(5), epochs=20, batch_size=5, verbose=0)
    assert divergence(classifier, encoder, temperature=1) < before / 2
    np.testing.assert_array_equal(classifier(IMAGES), answers)


def test_another_kind_of_encoder_is_refused(classifier):
    other = VGG16Encoder(image_size=32, width=0.0625)
    with pytest.raises(InputError, match="kind of image encoder"):
        keep_classes(other, other, classifier, weight=1.0)


def test_a_weight_needs_a_classifier():
    with pytest.raises(InputError, match="only with a classifier"):
        CaptionRecipe(classifier_weight=1.0)
