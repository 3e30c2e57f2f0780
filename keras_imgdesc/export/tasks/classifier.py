"""What a classifier serves: SavedModel signatures and a `.tflite` model."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.classification import ImageClassifier
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.image_bytes import at_least_one, decode_images
from keras_imgdesc.export.lite_model import LiteModel
from keras_imgdesc.export.representative import image_examples
from keras_imgdesc.export.signature import Signature, example_jpeg, refuse_settings
from keras_imgdesc.images import resize_image

TOP = 5


def signatures(
    task: ImageClassifier, *, top: int | None = None, **others: Any
) -> dict[str, Signature]:
    """Return `serving_default`, `pixels` and `probabilities`.

    Args:
        task: the classifier.
        top: number of classes in an answer, all if there are fewer; None means 5.
        **others: refused.

    Raises:
        InputError: a setting is out of range or belongs to another task.
    """
    refuse_settings(task, others)
    if top is not None and top < 1:
        raise InputError("top must be at least 1", "Use 5", top=top)
    size, count = task.image_encoder.image_size, len(task.labels)
    best = min(top or TOP, count)
    strings = tf.TensorSpec((None,), tf.string, name="image_bytes")

    def answers(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        probability, index = tf.math.top_k(_probabilities(task, pixels), best)
        names = tf.constant(task.labels.tokens)
        return {"label": tf.gather(names, index), "probability": probability}

    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        is_good = (error == "")[:, None]
        found = answers(pixels)
        return {
            "label": tf.where(is_good, found["label"], ""),
            "probability": tf.where(is_good, found["probability"], 0.0),
            "error": error,
            "damaged": damaged,
        }

    def serve_pixels(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers(resize_image(at_least_one(image), size))

    def probabilities(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        is_good = (error == "")[:, None]
        return {
            "probability": tf.where(is_good, _probabilities(task, pixels), 0.0),
            "error": error,
            "damaged": damaged,
        }

    images = np.array([example_jpeg(size)], object)
    return {
        "serving_default": Signature(serve, (strings,), {"image_bytes": images}),
        "pixels": Signature(
            serve_pixels,
            (tf.TensorSpec((None, None, None, 3), tf.uint8, name="image"),),
            {"image": np.zeros((1, size, size, 3), np.uint8)},
        ),
        "probabilities": Signature(probabilities, (strings,), {"image_bytes": images}),
    }


def lite_model(task: ImageClassifier, **settings: Any) -> LiteModel:
    """Return the model with `classify`.

    Args:
        task: the classifier.
        **settings: refused.

    Raises:
        InputError: there are settings, which belong to another task.
    """
    refuse_settings(task, settings)
    size = task.image_encoder.image_size

    def classify(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": _probabilities(task, image)}

    image = tf.TensorSpec((1, size, size, 3), tf.uint8, name="image")
    return LiteModel(
        signatures={"classify": Signature(classify, (image,), {})},
        metadata={"task": "ImageClassifier"},
        vocabulary=task.labels,
        representative="images",
        read_examples=partial(image_examples, size),
    )


def _probabilities(task: ImageClassifier, pixels: tf.Tensor) -> tf.Tensor:
    return tf.nn.softmax(task(pixels, training=False))
