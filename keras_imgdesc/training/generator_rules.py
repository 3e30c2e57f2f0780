"""What a recipe of a generator may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.augmentation import CHANGES
from keras_imgdesc.painting.learning.losses import ADVERSARIAL_LOSSES

if TYPE_CHECKING:
    from keras_imgdesc.training.painter.recipe import GeneratorRecipe

KINDS = ("dcgan", "vae")
OPTIMIZERS = ("adam", "muon")
BALANCES = ("picture", "caption", "class")
# Arguments of the models that other settings decide.
SETTLED = {
    "generator_options": (
        "sentence_dim",
        "resolution",
        "word_dim",
        "sharpening_rounds",
        "temperature",
    ),
    "discriminator_options": ("encoder", "sentence_dim", "resolution"),
    "encoder_options": ("sentence_dim", "resolution", "noise_dim"),
}


def check_generator_recipe(recipe: GeneratorRecipe) -> None:
    """Refuses settings that exclude each other.

    Raises:
        InputError: there are such, or a number is out of its range.
    """
    least = {
        "epochs": 1,
        "batch_size": 2,
        "hard_mismatch": 0,
        "matching_images": 0,
        "matching_after": 0,
        "generator_after": 0,
        "noise_warm_up": 0,
        "sharpening_rounds": 0,
        "penalty_every": 1,
        "metrics_every": 1,
        "validation_images": 1,
        "sample_texts": 1,
        "samples_per_text": 2,
        "collapse_patience": 1,
    }
    if recipe.steps_per_epoch is not None:
        least["steps_per_epoch"] = 1
    for name, smallest in least.items():
        if getattr(recipe, name) < smallest:
            raise InputError(
                f"{name} must be at least {smallest}",
                "Use a larger one",
                **{name: getattr(recipe, name)},
            )
    for name, choices in (
        ("kind", KINDS),
        ("balance", BALANCES),
        ("loss", ADVERSARIAL_LOSSES),
        ("optimizer", OPTIMIZERS),
    ):
        if getattr(recipe, name) not in choices:
            raise InputError(
                f"{name} must be one of {choices}",
                "Choose one of them",
                **{name: getattr(recipe, name)},
            )
    for part, names in SETTLED.items():
        options = getattr(recipe, part)
        if settled := {n: options[n] for n in names if n in options}:
            raise InputError(
                f"{part} may not set what other settings decide",
                "Leave it out; see resolution, attend_words, text_encoder_from, "
                "sharpening_rounds, temperature and generator_options",
                **settled,
            )
    judged = {
        name: getattr(recipe, name)
        for name in (
            "anchor_weight",
            "contrast_weight",
            "penalty_weight",
            "projected",
        )
    }
    if recipe.kind == "vae" and any(judged.values()):
        raise InputError(
            "A VAE has no discriminator",
            "Leave these settings out, or train a dcgan",
            **judged,
        )
    if recipe.sharpening_rounds and recipe.kind != "vae":
        raise InputError(
            "A dcgan learns sharp rims by itself, or has its sharpening from "
            "generator_from",
            "Set sharpening_rounds to 0",
            kind=recipe.kind,
            sharpening_rounds=recipe.sharpening_rounds,
        )
    if recipe.encoder_from and (recipe.kind != "vae" or recipe.encoder_options):
        raise InputError(
            "Only a VAE begins with an encoder, which already has its form",
            "Leave encoder_from out, or encoder_options",
            kind=recipe.kind,
            encoder_from=recipe.encoder_from,
            encoder_options=recipe.encoder_options,
        )
    if recipe.generator_after and (recipe.kind != "vae" or not recipe.generator_from):
        raise InputError(
            "Only a VAE that begins with a generator can leave it alone at first",
            "Name it in generator_from, or set generator_after to 0",
            kind=recipe.kind,
            generator_after=recipe.generator_after,
            generator_from=recipe.generator_from,
        )
    prior_layers = recipe.generator_options.get("prior_layers", 0)
    is_known = recipe.kind != "vae" or recipe.generator_from is None
    if is_known and bool(recipe.prior_epochs) != bool(
        prior_layers and recipe.kind == "vae"
    ):
        raise InputError(
            "A VAE's noise prior has layers and epochs in which they are fitted",
            "Set prior_epochs and generator_options['prior_layers'], or neither; "
            "a dcgan has them from generator_from alone",
            kind=recipe.kind,
            prior_epochs=recipe.prior_epochs,
            prior_layers=prior_layers,
        )
    if not 0 < recipe.temperature <= 10:
        raise InputError(
            "temperature must be above 0 and at most 10",
            "Use 1 for noise as it is, less for surer pictures",
            temperature=recipe.temperature,
        )
    if not set(recipe.changes) <= set(CHANGES):
        raise InputError(
            f"changes must be some of {CHANGES}",
            "Choose of them",
            changes=recipe.changes,
        )
    if not 0 <= recipe.average_decay < 1:
        raise InputError(
            "average_decay must be from 0 to below 1",
            "Use 0.999, or 0 for no average",
            average_decay=recipe.average_decay,
        )
    if recipe.metric is not None and recipe.metric not in recipe.metrics:
        raise InputError(
            "metric must be one of metrics",
            "Add it to them",
            metric=recipe.metric,
            metrics=recipe.metrics,
        )
    if recipe.generator_from is not None and (
        recipe.generator_options.keys() - {"refined_size"}
    ):
        raise InputError(
            "A generator that there is already has its form",
            "Leave all but refined_size out of generator_options, or leave out "
            "generator_from",
            generator_from=recipe.generator_from,
            generator_options=recipe.generator_options,
        )
    if recipe.anchor_weight and recipe.generator_from is None:
        raise InputError(
            "The anchor is the generator that training begins with",
            "Name it in generator_from, or set anchor_weight to 0",
            anchor_weight=recipe.anchor_weight,
            generator_from=recipe.generator_from,
        )
    if recipe.hard_mismatch and not recipe.exchangeable:
        raise InputError(
            "Hard mismatches are made of phrases that can be exchanged",
            "Set exchangeable, for example [['red', 'blue'], ['left', 'right']]",
            exchangeable=recipe.exchangeable,
        )
    if "float16" in recipe.precision.replace("bfloat16", ""):
        raise InputError(
            "Losses of a generator are not scaled, which float16 needs",
            "Use mixed_bfloat16 or float32",
            precision=recipe.precision,
        )
