"""The training of a conditional variational autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_imgdesc.painting.learning.backend_gradients import (
    loss_gradients,
    move_average,
)
from keras_imgdesc.painting.learning.custom_step_model import CustomStepModel
from keras_imgdesc.painting.learning.losses import (
    detail,
    matching_cross_entropy,
    normal_divergence,
    right_texts,
)
from keras_imgdesc.painting.learning.vae_objective import VaeObjective
from keras_imgdesc.painting.networks.generator import Generator
from keras_imgdesc.painting.networks.vae_encoder import VaeEncoder
from keras_imgdesc.painting.pixels import to_pixels


class ConditionalVAE(CustomStepModel):
    """An encoder and a generator that learn to reconstruct images from text and noise.

    Training maximizes the evidence lower bound log p(image | noise, text) - KL(noise
    given image and text, standard normal), where log p consists of the squared error of
    the pixels and a distance in the features of an image encoder. Painting needs the
    generator only.

    The data are those of `ConditionalGAN`. The first `noise_dim` values of `"noise"`
    draw from the distribution that the encoder returns. `"mismatched"` and `"uniform"`
    are not needed.

    Args:
        encoder: model from images and sentences to noise.
        generator: generator of the same resolution, sentence width and `noise_dim`.
        average: generator of the same configuration, which receives the moving average.
        distance: function from real and painted pixels to a scalar, such as
            `FeatureDistance`; None compares pixels only.
        matching: see `ConditionalGAN`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import ConditionalVAE, Generator, VaeEncoder
    >>> small = {"sentence_dim": 8, "resolution": 32, "width": 4}
    >>> vae = ConditionalVAE(VaeEncoder(**small), Generator(**small),
    ...                      Generator(**small))
    >>> vae.compile("adam")
    >>> chance = np.random.default_rng(0)
    >>> logs = vae.train_on_batch({
    ...     "image": chance.integers(256, size=(4, 32, 32, 3)).astype("uint8"),
    ...     "sentence": chance.normal(size=(4, 8)).astype("float32"),
    ...     "noise": chance.normal(size=(4, 192)).astype("float32"),
    ... }, return_dict=True)
    >>> sorted(logs)
    ['divergence', 'generator_loss', 'noise_divergence', 'pixel_loss']

    Reference:
        Sohn et al., "Learning Structured Output Representation using Deep Conditional
        Generative Models", NeurIPS 2015.
    """

    def __init__(
        self,
        encoder: VaeEncoder,
        generator: Generator,
        average: Generator,
        distance: Callable[[Any, Any], Any] | None = None,
        matching: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(name="conditional_vae")
        self.encoder = encoder
        self.generator = generator
        self.average = average
        self.distance = distance
        self.matching = matching
        average.set_weights(generator.get_weights())
        self.built = True

    def compile(
        self,
        generator_optimizer: Any = "adam",
        objective: VaeObjective | None = None,
        jit_compile: Any = False,
        freeze_generator: bool = False,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            generator_optimizer: Keras optimizer or its name.
            objective: weights of the losses; None means the defaults.
            jit_compile: see `ConditionalGAN.compile`.
            freeze_generator: whether only the encoder is trained. Of the generator only
                the statistics of its normalizations then change.
            **kwargs: the rest of `keras.Model.compile`.
        """
        super().compile(jit_compile=jit_compile, **kwargs)
        self.objective = objective or VaeObjective()
        self.freeze_generator = freeze_generator
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.generator_optimizer.build(self._trained())

    @property
    def optimizers(self) -> list[Any]:
        """The only optimizer, as a list."""
        return [self.generator_optimizer]

    @property
    def steps_done(self) -> Any:
        """Number of training steps so far."""
        return self.generator_optimizer.iterations

    def learn(self, data: Any) -> dict[str, Any]:
        trained = self._trained()
        if self.freeze_generator:
            trained = list(self.encoder.trainable_variables)
        (_, logs), gradients = loss_gradients(
            lambda _: self._loss(data), trained, self.state
        )
        self.generator_optimizer.apply(gradients, trained)
        step = ops.cast(self.steps_done, "float32")
        move_average(
            self.average,
            self.generator,
            ops.minimum(self.objective.average_decay, (1 + step) / (10 + step)),
        )
        return logs

    def _loss(self, data: Any) -> tuple[Any, dict[str, Any]]:
        objective = self.objective
        real, sentence = to_pixels(data["image"]), data["sentence"]
        encoded = self.encoder({"image": real, "sentence": sentence}, training=True)
        width = self.generator.noise_dim
        deviation = ops.exp(0.5 * encoded["log_variance"])
        noise = encoded["mean"] + deviation * data["noise"][:, :width]
        painted = self.generator(
            self.generator.inputs_of(
                data
                | {"noise": ops.concatenate([noise, data["noise"][:, width:]], axis=-1)}
            ),
            training=True,
        )
        error = ops.square(real - painted["image"])
        pixel_loss = ops.mean(error)
        noise_divergence = normal_divergence(encoded["mean"], encoded["log_variance"])
        divergence = normal_divergence(painted["mean"], painted["log_variance"])
        # The bound is a sum over the values of an image, and this loss a mean.
        num_values = 3 * self.generator.resolution**2
        loss = (
            pixel_loss
            + (
                objective.noise_weight * noise_divergence
                + objective.divergence_weight * divergence
            )
            / num_values
        )
        logs = {
            "pixel_loss": pixel_loss,
            "noise_divergence": noise_divergence,
            "divergence": divergence,
        }
        if objective.detail_weight:
            logs["detail_loss"] = ops.mean(error * detail(real))
            loss += objective.detail_weight * logs["detail_loss"]
        if objective.perceptual_weight and self.distance is not None:
            distance = self.distance(real, painted["image"])
            loss += objective.perceptual_weight * distance
            logs["perceptual_loss"] = distance
        if objective.matching_weight and self.matching is not None:
            matching = matching_cross_entropy(
                self.matching(painted["image"], data["token_ids"]), right_texts(data)
            )
            loss += objective.matching_weight * matching
            logs["matching_loss"] = matching
        return loss, logs | {"generator_loss": loss}

    def _trained(self) -> list[Any]:
        return [
            *self.generator.trainable_variables,
            *self.encoder.trainable_variables,
        ]
