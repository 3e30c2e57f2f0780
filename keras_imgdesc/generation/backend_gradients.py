"""Gradients, which `keras.ops` does not have."""

from __future__ import annotations

from typing import Any

import keras

from keras_imgdesc.errors import InputError


def require_tensorflow() -> None:
    """Refuses to train on another backend than TensorFlow.

    Raises:
        InputError: Keras runs on another.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "Generators are trained on TensorFlow",
            "Set KERAS_BACKEND=tensorflow; painting works on every backend",
            backend=keras.backend.backend(),
        )


def move_average(average: keras.Model, model: keras.Model, decay: Any) -> None:
    """Moves the weights of one model a little towards those of another."""
    for kept, weight in zip(average.weights, model.weights, strict=True):
        kept.assign(kept + (1.0 - decay) * (weight - kept))
