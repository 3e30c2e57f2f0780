"""The model that a classifier's training fits."""

import keras
import numpy as np

from keras_imgdesc.vision import ClassificationHead, ImageEncoder


def training_model(
    frozen: keras.Model | None,
    trained: keras.Model | None,
    head: ClassificationHead,
    dropout: float,
) -> keras.Model:
    """Join the trained layers of an encoder and a head into a model to train.

    Args:
        frozen: the frozen layers, whose outputs the model takes; `None` if it takes
            images.
        trained: the trained layers, or `None` if the encoder is frozen.
        head: the head, whose weights are shared.
        dropout: share of the pooled features that is dropped.

    Returns:
        A model with the logits at temperature 1 as its output.
    """
    if trained is None:
        assert frozen is not None
        x = inputs = keras.Input(frozen.output.shape[1:])
    else:
        inputs = keras.Input(trained.input.shape[1:])
        x = trained(inputs)
    x = head.pool(x)
    if dropout:
        x = keras.layers.Dropout(dropout, dtype="float32")(x)
    return keras.Model(inputs, head.dense(x))


def pooled(encoder: ImageEncoder) -> ImageEncoder:
    """Return an encoder whose feature map is its mean, (1, 1, channels)."""
    pooling = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")
    model = ImageEncoder(encoder.input, pooling(encoder.output), name="pooled")
    model.image_size = encoder.image_size
    return model


def one_hot(ids: np.ndarray, classes: int) -> np.ndarray:
    """Return the certain probabilities of classes, float32 (images, classes)."""
    found = np.zeros((len(ids), classes), np.float32)
    found[np.arange(len(ids)), ids] = 1.0
    return found
