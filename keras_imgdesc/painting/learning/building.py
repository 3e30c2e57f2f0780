"""What `TextToImage.compile` and `fit` build."""

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

# Of `SentenceWhitening.adapt`, as recipes have it.
WHITENING_FLOOR = 0.01


def adversaries(
    average: Generator,
    discriminator: Discriminator | None = None,
    objective: GanObjective | None = None,
) -> ConditionalGAN:
    """A generator in training whose moving average is the one given.

    Args:
        average: the weights to start from, and where the average goes.
        discriminator: None makes a new one.
        objective: to be trained for.

    Raises:
        InputError: the objective has a matching loss, the discriminator is of another
            form, or Keras does not run on TensorFlow.
    """
    require_tensorflow()
    if objective is not None and objective.matching_weight:
        raise InputError(
            "A matching loss takes a matcher and its token ids",
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
    found = {name: getattr(discriminator, name) for name in shape}
    if found != shape:
        raise InputError(
            "The discriminator must see the generator's pictures and sentences",
            f"Build it with {shape}",
            **found,
        )
    trained = average.painting()
    contrast = None
    if objective is not None and objective.contrast_weight:
        with dtype_policy(discriminator.dtype_policy):
            contrast = Contrast(discriminator)
    return ConditionalGAN(trained, discriminator, average, contrast=contrast)


def whiten(gan: ConditionalGAN, sentences: np.ndarray) -> None:
    """Fits the whitening to sentences, unless it has been fitted to others before.

    What was trained on one whitening does not know what another gives.
    """
    whitening = gan.average.whitening
    mean, matrix = (ops.convert_to_numpy(w) for w in whitening.weights)
    if not mean.any() and (matrix == np.eye(len(matrix))).all():
        whitening.adapt(sentences, WHITENING_FLOOR)
    for model in (gan.generator, gan.discriminator, gan.contrast):
        if model is not None:
            model.whitening.set_weights(whitening.get_weights())


def refuse_validation(options: dict[str, Any]) -> None:
    """Refuses what `keras.Model.fit` would validate with.

    Raises:
        InputError: there is such an option.
    """
    given = {name: value for name, value in options.items() if "validation" in name}
    if given:
        raise InputError(
            "The losses of a generator tell nothing of how good its pictures are",
            "Measure them with evaluate_paintings",
            options=sorted(given),
        )
