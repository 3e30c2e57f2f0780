"""The models of a painter's training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_imgdesc.backend import global_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import (
    ConditionalGAN,
    ConditionalVAE,
    Contrast,
    Discriminator,
    FeatureDistance,
    Generator,
    MatcherScores,
    ProjectedDiscriminator,
    VaeEncoder,
)
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.training.inputs.building import building
from keras_imgdesc.training.optimizers.build import (
    build_adam,
    build_muon,
    build_schedule,
)
from keras_imgdesc.training.painter.gan_recipe import GanRecipe
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.vae_recipe import VaeRecipe

# A VAE's run keeps its encoder beside the checkpoint; painting does not need it.
ENCODER_FILE = "encoder.keras"


@building("painter")
def build_model(
    recipe: PainterRecipe, sentences: np.ndarray, matcher: Any, steps: int
) -> ConditionalGAN | ConditionalVAE:
    """Build and compile the models that a recipe trains.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        sentences: float (texts, dim), sentence vectors of the data set.
        matcher: matcher of the losses and of a projected discriminator; None if there
            is none.
        steps: steps of the complete training.

    Raises:
        InputError: a matcher is needed and there is none, or a preset or run that the
            training starts from does not fit the recipe.
    """
    if matcher is None and recipe.needs_matcher:
        raise InputError(
            "Matching and perceptual losses and a projected discriminator need a "
            "matcher",
            "Set text_encoder_from to the preset of a matcher, or set matching_weight "
            "and perceptual_weight to 0 and projected to false",
            text_encoder_from=recipe.text_encoder_from,
        )
    shapes: dict[str, Any] = {
        "sentence_dim": sentences.shape[1],
        "resolution": recipe.resolution,
    }
    generator = _generator(recipe, shapes)
    matching = MatcherScores(matcher) if recipe.matching_weight else None
    others = (shapes, generator, matching, matcher, sentences, steps)
    if isinstance(recipe, VaeRecipe):
        return _build_vae(recipe, *others)
    assert isinstance(recipe, GanRecipe)
    return _build_gan(recipe, *others)


def _build_vae(
    recipe: VaeRecipe,
    shapes: dict[str, Any],
    generator: Generator,
    matching: Any,
    matcher: Any,
    sentences: np.ndarray,
    steps: int,
) -> ConditionalVAE:
    # Painted images are sharpened and have less noise; the losses see neither.
    average = generator.painting(
        sharpening_rounds=recipe.sharpening_rounds, temperature=recipe.temperature
    )
    encoder = _vae_encoder(recipe, shapes | {"noise_dim": generator.noise_dim})
    _whiten(recipe, sentences, generator, encoder)
    distance = None
    if recipe.perceptual_weight:
        distance = FeatureDistance(matcher.image_encoder, recipe.perceptual_layers)
    model = ConditionalVAE(encoder, generator, average, distance, matching)
    model.compile(
        _optimizer(recipe, steps), recipe.objective(), jit_compile=recipe.jit_compile
    )
    return model


def _build_gan(
    recipe: GanRecipe,
    shapes: dict[str, Any],
    generator: Generator,
    matching: Any,
    matcher: Any,
    sentences: np.ndarray,
    steps: int,
) -> ConditionalGAN:
    average = generator.painting(temperature=recipe.temperature)
    options = shapes | recipe.discriminator_options
    discriminator: Discriminator | ProjectedDiscriminator
    if recipe.projected:
        discriminator = ProjectedDiscriminator(matcher.image_encoder, **options)
    else:
        discriminator = Discriminator(**options)
    _whiten(recipe, sentences, generator, discriminator)
    contrast = None
    if recipe.contrast_weight:
        contrast = Contrast(discriminator)
        contrast.whitening.set_weights(generator.whitening.get_weights())
    model = ConditionalGAN(
        generator, discriminator, average, matching, contrast, _anchor(recipe)
    )
    model.compile(
        _optimizer(recipe, steps),
        _adam(recipe, recipe.discriminator_learning_rate, steps),
        recipe.objective(),
        jit_compile=recipe.jit_compile,
    )
    return model


def _generator(recipe: PainterRecipe, shapes: dict[str, Any]) -> Generator:
    word_dim = shapes["sentence_dim"] if recipe.attend_words else None
    if recipe.generator_from is None:
        return Generator(**shapes, word_dim=word_dim, **recipe.generator_options)
    found = load_preset(recipe.generator_from, global_policy()).generator
    if found.word_dim != word_dim:
        raise InputError(
            "The generator of generator_from must have the recipe's attend_words",
            f"Set attend_words to {json.dumps(found.word_dim is not None)}",
            generator_from=recipe.generator_from,
            attend_words=recipe.attend_words,
        )
    for name, expected in shapes.items():
        if getattr(found, name) != expected:
            raise InputError(
                "The generator of generator_from must have the recipe's resolution and "
                "sentence width",
                "Use a painter trained with this text_encoder_from and resolution",
                generator_from=recipe.generator_from,
                **{name: getattr(found, name)},
            )
    is_vae = isinstance(recipe, VaeRecipe)
    found = found.painting(sharpening_rounds=0 if is_vae else None, temperature=1.0)
    if isinstance(recipe, VaeRecipe):
        _reset_prior(recipe, found)
    if "refined_size" in recipe.generator_options:
        return found.refined(recipe.generator_options["refined_size"])
    return found


def _vae_encoder(recipe: VaeRecipe, shapes: dict[str, Any]) -> VaeEncoder:
    if recipe.vae_encoder_from is None:
        return VaeEncoder(**shapes, **recipe.vae_encoder_options)
    path = Path(recipe.vae_encoder_from) / ENCODER_FILE
    if not path.is_file():
        raise InputError(
            "vae_encoder_from must be the run directory of a VAE",
            f"Use a directory that contains {ENCODER_FILE}",
            vae_encoder_from=recipe.vae_encoder_from,
        )
    found = keras.models.load_model(path)
    for name, expected in shapes.items():
        if getattr(found, name) != expected:
            raise InputError(
                "The encoder of vae_encoder_from must fit the generator",
                "Use the run directory in which both were trained",
                vae_encoder_from=recipe.vae_encoder_from,
                **{name: getattr(found, name)},
            )
    return found


def _reset_prior(recipe: VaeRecipe, generator: Generator) -> None:
    """Reset the prior, because it fits the noise of another encoder."""
    if bool(recipe.prior_epochs) != bool(generator.prior_layers):
        raise InputError(
            "A noise prior needs layers and epochs in which they are fitted",
            "Set prior_epochs above 0 if the generator has a prior, or else to 0",
            generator_from=recipe.generator_from,
            prior_epochs=recipe.prior_epochs,
            prior_layers=generator.prior_layers,
        )
    if generator.prior is not None:
        new = generator.reinitialized().get_layer(generator.prior.name)
        generator.prior.set_weights(new.get_weights())


def _anchor(recipe: GanRecipe) -> Callable[[Any], Any] | None:
    """Return a function that paints with the generator that training starts from."""
    if not recipe.anchor_weight or recipe.generator_from is None:
        return None
    start = load_preset(recipe.generator_from, global_policy()).generator
    frozen = start.painting(temperature=1.0)
    frozen.trainable = False
    return lambda inputs: frozen(inputs, training=False)["image"]


def _whiten(
    recipe: PainterRecipe, sentences: np.ndarray, generator: Generator, *others: Any
) -> None:
    """Give all models one whitening, that of the generator if it is already trained."""
    if recipe.whiten and recipe.generator_from is None:
        generator.whitening.adapt(sentences, recipe.whiten)
    for model in others:
        model.whitening.set_weights(generator.whitening.get_weights())


def _optimizer(recipe: PainterRecipe, steps: int) -> keras.Optimizer:
    if recipe.optimizer == "adam":
        return _adam(recipe, recipe.learning_rate, steps)
    return build_muon(
        _schedule(recipe, recipe.learning_rate, steps),
        adam_lr_ratio=recipe.adam_share,
        adam_beta_1=recipe.beta_1,
        adam_beta_2=recipe.beta_2,
    )


def _adam(recipe: PainterRecipe, peak: float, steps: int) -> keras.Optimizer:
    return build_adam(
        _schedule(recipe, peak, steps), beta_1=recipe.beta_1, beta_2=recipe.beta_2
    )


def _schedule(recipe: PainterRecipe, peak: float, steps: int) -> Any:
    return build_schedule(peak, steps, recipe.warm_up_steps, recipe.final_share)
