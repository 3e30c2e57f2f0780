"""The model that a classifier's training fits."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

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


def teacher_loss(temperature: float) -> Callable[[Any, Any], Any]:
    """Return the cross-entropy of a student with its teacher, both made softer.

    The factor T squared keeps the size of the gradients. With a high temperature it
    becomes the squared difference of the logits.

    Args:
        temperature: T, divisor of the logits.

    Returns:
        Function of the teacher's and of the student's logits, float (images, classes),
        to losses, float32 (images,).

    Reference:
        Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network",
        https://arxiv.org/abs/1503.02531
    """

    def loss(teacher: Any, student: Any) -> Any:
        expected = ops.softmax(ops.cast(teacher, "float32") / temperature)
        log_found = ops.log_softmax(ops.cast(student, "float32") / temperature)
        return -(temperature**2) * ops.sum(expected * log_found, axis=-1)

    return loss


def pooled(encoder: ImageEncoder) -> ImageEncoder:
    """Return an encoder whose feature map is its mean, (1, 1, channels)."""
    pooling = keras.layers.GlobalAveragePooling2D(
        keepdims=True, dtype="float32", data_format="channels_last"
    )
    model = ImageEncoder(encoder.input, pooling(encoder.output), name="pooled")
    model.image_size = encoder.image_size
    return model


def one_hot(ids: np.ndarray, classes: int) -> np.ndarray:
    """Return the certain probabilities of classes, float32 (images, classes)."""
    found = np.zeros((len(ids), classes), np.float32)
    found[np.arange(len(ids)), ids] = 1.0
    return found
