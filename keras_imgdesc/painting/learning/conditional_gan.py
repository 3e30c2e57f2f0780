"""The training of a conditional GAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.augmentation import augment
from keras_imgdesc.painting.learning.backend_gradients import (
    input_gradients,
    loss_gradients,
    move_average,
)
from keras_imgdesc.painting.learning.contrast import Contrast
from keras_imgdesc.painting.learning.custom_step_model import CustomStepModel
from keras_imgdesc.painting.learning.gan_objective import GanObjective
from keras_imgdesc.painting.learning.losses import (
    coarse_distance,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    matching_cross_entropy,
    normal_divergence,
    right_texts,
)
from keras_imgdesc.painting.networks.discriminator import Discriminator
from keras_imgdesc.painting.networks.generator import Generator
from keras_imgdesc.painting.pixels import to_pixels


class ConditionalGAN(CustomStepModel):
    """A generator and a discriminator, of which each training step updates both.

    All randomness is part of the data, a dict:

    - `"image"`: uint8 (batch, resolution, resolution, 3);
    - `"sentence"`: float (batch, dim), sentence vectors of the images' texts;
    - `"mismatched"`: float (batch, n, dim), sentence vectors of texts that are wrong
      for the images, of which the first belongs to another image;
    - `"noise"`: float (batch, latent_dim), standard normal;
    - `"uniform"`: float (batch, 2, `NUM_UNIFORM`) in [0, 1), for the augmentation of
      real and of painted images;
    - `"words"`: float (batch, words, word_dim), if the generator attends to words;
    - `"is_right"`: bool (batch, batch), whether a text equals a caption of an image, or
      `"text_id"`: int32 (batch,), equal for equal texts, for a matching or contrastive
      loss;
    - `"token_ids"`: int32 (batch, words), for a matching loss;
    - `"mismatched_ids"`: int32 (batch, words), optional further texts of the matching
      loss.

    In a contrastive loss all of `"mismatched"` but the first are further texts.

    Args:
        generator, discriminator: models of one resolution and sentence width.
        average: generator of the same configuration, which receives the moving average.
        matching: function of images (batch, resolution, resolution, 3) in [-1, 1] and
            token ids (texts, words) that returns f(I, D), (batch, texts), such as
            `MatcherScores`; None for no matching loss.
        contrast: `Contrast` of the discriminator; None for no contrastive loss.
        anchor: function of the generator's inputs that returns the images (batch,
            resolution, resolution, 3) in [-1, 1] that painted ones stay close to; None
            for no anchor.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import ConditionalGAN, Discriminator, Generator
    >>> small = {"sentence_dim": 8, "resolution": 32, "width": 4}
    >>> gan = ConditionalGAN(Generator(**small), Discriminator(**small),
    ...                      Generator(**small))
    >>> gan.compile("adam", "adam")
    >>> chance = np.random.default_rng(0)
    >>> logs = gan.train_on_batch({
    ...     "image": chance.integers(256, size=(4, 32, 32, 3)).astype("uint8"),
    ...     "sentence": chance.normal(size=(4, 8)).astype("float32"),
    ...     "mismatched": chance.normal(size=(4, 1, 8)).astype("float32"),
    ...     "noise": chance.normal(size=(4, 192)).astype("float32"),
    ...     "uniform": chance.random((4, 2, 8)).astype("float32"),
    ... }, return_dict=True)
    >>> sorted(logs)[:3]
    ['discriminator_loss', 'divergence', 'fake_score']
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        average: Generator,
        matching: Callable[[Any, Any], Any] | None = None,
        contrast: Contrast | None = None,
        anchor: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(name="conditional_gan")
        self.generator = generator
        self.discriminator = discriminator
        self.average = average
        self.matching = matching
        self.contrast = contrast
        self.anchor = anchor
        average.set_weights(generator.get_weights())
        self.built = True

    def compile(
        self,
        generator_optimizer: Any = "adam",
        discriminator_optimizer: Any = "adam",
        objective: GanObjective | None = None,
        jit_compile: Any = False,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            generator_optimizer, discriminator_optimizer: Keras optimizers or their
                names.
            objective: losses and their weights; None means the defaults.
            jit_compile: whether XLA compiles the step, which makes it slower on some
                CPUs. On JAX a step is always compiled.
            **kwargs: the rest of `keras.Model.compile`.

        Raises:
            InputError: the objective needs a contrast or an anchor that the model does
                not have.
        """
        super().compile(jit_compile=jit_compile, **kwargs)
        self.objective = objective or GanObjective()
        for name in ("contrast", "anchor"):
            weight = getattr(self.objective, f"{name}_weight")
            if weight and getattr(self, name) is None:
                raise InputError(
                    f"A positive {name}_weight needs a model with a {name}",
                    f"Build the model with {name}=..., or set {name}_weight to 0",
                    **{f"{name}_weight": weight},
                )
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self._discriminator_variables)

    @property
    def optimizers(self) -> list[Any]:
        """Both optimizers, in the order of a checkpoint."""
        return [self.generator_optimizer, self.discriminator_optimizer]

    @property
    def _discriminator_variables(self) -> list[Any]:
        """Variables that the discriminator's optimizer trains."""
        if self.contrast is None or not self.objective.contrast_weight:
            return self.discriminator.trainable_variables
        return [
            *self.discriminator.trainable_variables,
            *self.contrast.trainable_variables,
        ]

    @property
    def steps_done(self) -> Any:
        """Number of training steps so far."""
        return self.generator_optimizer.iterations

    def learn(self, data: Any) -> dict[str, Any]:
        trained = self.generator.trainable_variables

        def loss(without_gradients: Any) -> tuple[Any, dict[str, Any]]:
            painted = self.generator(self.generator.inputs_of(data), training=True)
            with without_gradients():
                fixed = ops.stop_gradient(painted["image"])
                logs = self._train_discriminator(data, fixed)
            value, more = self._painting_loss(data, painted)
            return value, logs | more

        (_, logs), gradients = loss_gradients(loss, trained, self.state)
        self.generator_optimizer.apply(gradients, trained)
        step = ops.cast(self.steps_done, "float32")
        move_average(
            self.average,
            self.generator,
            ops.minimum(self.objective.average_decay, (1 + step) / (10 + step)),
        )
        return logs

    def _train_discriminator(self, data: Any, painted: Any) -> dict[str, Any]:
        (_, logs), gradients = loss_gradients(
            lambda _: self._discriminator_loss(data, painted),
            self._discriminator_variables,
            self.state,
        )
        self.discriminator_optimizer.apply(gradients, self._discriminator_variables)
        return logs

    def _discriminator_loss(
        self, data: Any, painted: Any
    ) -> tuple[Any, dict[str, Any]]:
        objective = self.objective
        real = self._augmented(to_pixels(data["image"]), data["uniform"][:, 0])
        fake = self._augmented(painted, data["uniform"][:, 1])
        count = ops.shape(real)[0]
        maps = self.discriminator.read(
            ops.concatenate([real, fake], axis=0), training=True
        )
        mismatched = data["mismatched"]
        number = mismatched.shape[1]
        sentences = [data["sentence"], *(mismatched[:, i] for i in range(number))]
        scores = self.discriminator.judge(
            {
                "map": ops.concatenate([maps[:count]] * (number + 1) + [maps[count:]]),
                "sentence": ops.concatenate([*sentences, data["sentence"]]),
            },
            training=True,
        )
        real_score, mismatched_score = scores[:count], scores[count:-count]
        fake_score = scores[-count:]
        loss = discriminator_loss(
            real_score, fake_score, mismatched_score if number else None, objective.loss
        )
        logs = {
            "discriminator_loss": loss,
            "real_score": ops.mean(real_score),
            "fake_score": ops.mean(fake_score),
        }
        if number:
            logs["wrong_score"] = ops.mean(mismatched_score)
        if objective.contrast_weight:
            logs["real_contrast"] = self._contrast(maps[:count], data)
            loss += objective.contrast_weight * logs["real_contrast"]
        if objective.penalty_weight:
            loss += self._penalty(real, data["sentence"])
        return loss, logs

    def _contrast(self, maps: Any, data: Any) -> Any:
        assert self.contrast is not None
        mismatched = data["mismatched"]
        sentences = [
            data["sentence"],
            *(mismatched[:, i] for i in range(1, mismatched.shape[1])),
        ]
        scores = self.contrast({"map": maps, "sentence": ops.concatenate(sentences)})
        return matching_cross_entropy(scores, right_texts(data))

    def _penalty(self, real: Any, sentence: Any) -> Any:
        objective = self.objective

        def score(image: Any, sentence: Any) -> Any:
            return self.discriminator({"image": image, "sentence": sentence})

        def penalty() -> Any:
            of_image, of_sentence = input_gradients(score, real, sentence)
            return gradient_penalty(of_image, of_sentence, objective.penalty_power)

        every = objective.penalty_every
        is_due = ops.equal(self.discriminator_optimizer.iterations % every, 0)
        weight = objective.penalty_weight * every
        return weight * ops.cond(is_due, penalty, lambda: 0.0)

    def _painting_loss(self, data: Any, painted: Any) -> tuple[Any, dict[str, Any]]:
        objective = self.objective
        augmented = self._augmented(painted["image"], data["uniform"][:, 1])
        maps = self.discriminator.read(augmented)
        scores = self.discriminator.judge({"map": maps, "sentence": data["sentence"]})
        adversarial = generator_loss(scores, objective.loss)
        divergence = normal_divergence(painted["mean"], painted["log_variance"])
        loss = adversarial + objective.divergence_weight * divergence
        logs = {"generator_loss": adversarial, "divergence": divergence}
        if objective.matching_weight and self.matching is not None:
            some = slice(objective.matching_images or None)
            token_ids = data["token_ids"]
            if "mismatched_ids" in data:
                token_ids = ops.concatenate([token_ids, data["mismatched_ids"][some]])
            # An image survives augmentation; a pattern that fools a matcher does not.
            matching = matching_cross_entropy(
                self.matching(augmented[some], token_ids), right_texts(data)[some]
            )
            loss += objective.matching_weight * matching
            logs["matching_loss"] = matching
        if objective.anchor_weight:
            assert self.anchor is not None
            anchor = ops.stop_gradient(self.anchor(self.generator.inputs_of(data)))
            logs["anchor_distance"] = coarse_distance(painted["image"], anchor)
            loss += objective.anchor_weight * logs["anchor_distance"]
        if objective.contrast_weight:
            contrast = self._contrast(maps, data)
            loss += objective.contrast_weight * contrast
            logs["painted_contrast"] = contrast
        return loss, logs

    def _augmented(self, pixels: Any, uniform: Any) -> Any:
        objective = self.objective
        return augment(
            pixels,
            uniform,
            objective.augmentations,
            objective.translation,
            objective.cutout,
        )
