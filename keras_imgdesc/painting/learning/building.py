"""The models that `TextToImage.compile` and `fit` train."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.backend_gradients import require_tensorflow
from keras_imgdesc.painting.learning.conditional_gan import ConditionalGAN
from keras_imgdesc.painting.learning.contrast import Contrast
from keras_imgdesc.painting.learning.gan_objective import GanObjective
from keras_imgdesc.painting.networks.discriminator import Discriminator
from keras_imgdesc.painting.networks.generator import Generator

# Floor of `SentenceWhitening.adapt`, as in recipes.
WHITENING_FLOOR = 0.01


def build_gan(
    average: Generator,
    discriminator: Discriminator | None = None,
    objective: GanObjective | None = None,
) -> ConditionalGAN:
    """Build a GAN that starts from a generator and keeps its moving average there.

    Args:
        average: generator with the initial weights, which receives the average.
        discriminator: discriminator; None builds a new one.
        objective: losses to build for; None means the defaults.

    Raises:
        InputError: the objective has a matching loss, the discriminator does not fit
            the generator, or the backend is not TensorFlow.
    """
    require_tensorflow()
    if objective is not None and objective.matching_weight:
        raise InputError(
            "A matching loss needs a matcher, which fit does not have",
            "Use train_painter, or set matching_weight to 0",
            matching_weight=objective.matching_weight,
        )
    shape: dict[str, Any] = {
        "sentence_dim": average.sentence_dim,
        "resolution": average.resolution,
    }
    if discriminator is None:
        with dtype_policy(average.dtype_policy):
            discriminator = Discriminator(**shape, width=average.width)
    actual = {name: getattr(discriminator, name) for name in shape}
    if actual != shape:
        raise InputError(
            "The discriminator must have the generator's resolution and sentence width",
            f"Build it with {shape}",
            **actual,
        )
    trained = average.painting()
    contrast = None
    if objective is not None and objective.contrast_weight:
        with dtype_policy(discriminator.dtype_policy):
            contrast = Contrast(discriminator)
    return ConditionalGAN(trained, discriminator, average, contrast=contrast)


def whiten(gan: ConditionalGAN, sentences: np.ndarray) -> None:
    """Adapt the whitening to sentences, unless it has been adapted before.

    Weights trained with one whitening do not fit another.
    """
    whitening = gan.average.whitening
    mean, matrix = (ops.convert_to_numpy(w) for w in whitening.weights)
    if not mean.any() and (matrix == np.eye(len(matrix))).all():
        whitening.adapt(sentences, WHITENING_FLOOR)
    for model in (gan.generator, gan.discriminator, gan.contrast):
        if model is not None:
            model.whitening.set_weights(whitening.get_weights())


def refuse_validation(options: dict[str, Any]) -> None:
    """Refuse validation options of `keras.Model.fit`.

    Raises:
        InputError: there is one.
    """
    given = {name: value for name, value in options.items() if "validation" in name}
    if given:
        raise InputError(
            "The losses of a GAN do not measure the quality of its images",
            "Measure them with evaluate_paintings",
            options=sorted(given),
        )
