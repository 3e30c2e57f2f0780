"""A loss that keeps what a classifier sees while its image encoder is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.classification import ImageClassifier
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import ImageEncoder

# Softer answers also say which classes the classifier holds for unlikely.
TEMPERATURE = 2.0


class KeptClasses(keras.layers.Layer):
    """Pass on a feature map and add the loss of classes that have changed.

    An encoder that is trained on captions alone forgets what its captions never name.
    The loss is the divergence of the classes that the classifier's head sees in the
    feature map from those that the classifier itself sees in the image, both at
    temperature 2, times 4, averaged over the images.

    Args:
        encoder: the classifier's encoder, or the part of it that makes a feature map of
            the same inputs. It is not trained.
        head: the classifier's head. It is not trained.
        weight: factor of the loss.

    Call arguments:
        inputs: what the encoder takes, float or uint8 (images, ...).
        feature_map: of the encoder that is trained, float (images, rows, columns,
            channels).

    Returns:
        `feature_map`.

    Reference:
        Li and Hoiem, "Learning without Forgetting", https://arxiv.org/abs/1606.09282
    """

    def __init__(self, encoder: keras.Model, head: Any, weight: float) -> None:
        super().__init__(name="kept_classes")
        self.encoder, self.head, self.weight = encoder, head, weight
        encoder.trainable = head.trainable = False

    def call(self, inputs: Any, feature_map: Any) -> Any:
        expected = ops.log_softmax(self.head(self.encoder(inputs)) / TEMPERATURE)
        found = ops.log_softmax(self.head(feature_map) / TEMPERATURE)
        divergence = ops.sum(ops.exp(expected) * (expected - found), axis=-1)
        self.add_loss(self.weight * TEMPERATURE**2 * ops.mean(divergence))
        return feature_map

    def compute_output_spec(self, inputs: Any, feature_map: Any) -> Any:
        return keras.KerasTensor(feature_map.shape, feature_map.dtype)


def keep_classes(
    trained: keras.Model,
    image_encoder: ImageEncoder,
    classifier: ImageClassifier,
    weight: float,
) -> keras.Model:
    """Return an encoder, or its trained part, with the loss of `KeptClasses`.

    Layers are shared, not copied.

    Args:
        trained: `image_encoder`, or the part of it that is trained.
        image_encoder: encoder that began as the classifier's.
        classifier: classifier whose classes are kept.
        weight: factor of the loss.

    Raises:
        InputError: the two encoders are of different kinds.
    """
    theirs = classifier.image_encoder.resized(image_encoder.image_size)
    if theirs.get_config() != image_encoder.get_config() | {
        key: theirs.get_config()[key] for key in ("name", "trainable_from")
    }:
        raise InputError(
            "A classifier whose classes are kept must have the kind of image encoder "
            "that is trained",
            "Set classifier to the preset that the encoder's weights came from",
            image_encoder=image_encoder.get_config(),
            classifier=theirs.get_config(),
        )
    encoder: Any = theirs
    if trained is not image_encoder:
        theirs.set_trainable_from(image_encoder.trainable_from)
        encoder = theirs.split()[1]
    image = keras.Input(trained.input.shape[1:], dtype=trained.input.dtype)
    kept = KeptClasses(encoder, classifier.head, weight)
    return keras.Model(image, kept(image, trained(image)), name="kept")
