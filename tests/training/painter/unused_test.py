"""Settings of a painter's training without effect."""

from functools import partial
from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.painter import PainterRecipe
from keras_imgdesc.training.painter.unused import refuse_unused_settings
from keras_imgdesc.training.unused_settings import refuse_unused

RECIPES = Path(__file__).parents[3] / "recipes"
GAN, VAE = {"kind": "dcgan"}, {"kind": "vae"}


def check(recipe: PainterRecipe) -> None:
    refuse = partial(refuse_unused, recipe)
    refuse_unused_settings(recipe, refuse, bool(recipe.metrics))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (GAN | {"generator_from": "scenes_cvae", "whiten": 0.1}, "whiten=0.1"),
        (VAE | {"adam_share": 0.3}, "adam_share=0.3"),
        (GAN | {"metrics_every": 2}, "metrics_every=2"),
        (VAE | {"matching_after": 2}, "matching_after=2"),
        (GAN | {"matching_images": 4}, "matching_images=4"),
        (GAN | {"penalty_every": 2}, "penalty_every=2"),
        (GAN | {"exchangeable": [["red", "blue"]]}, "exchangeable="),
        (GAN | {"cutout": 0.2}, "cutout=0.2"),
        (VAE | {"perceptual_weight": 0.0, "perceptual_layers": []}, "perceptual_lay"),
    ],
)
def test_settings_without_effect_are_refused(changes, named):
    with pytest.raises(InputError, match=named):
        check(PainterRecipe.from_dict(changes))


def test_the_recipes_of_the_repository_are_accepted():
    read = 0
    for path in RECIPES.glob("*.json"):
        if '"kind"' in path.read_text():
            check(PainterRecipe.from_json(path))
            read += 1
    assert read > 5


def test_a_change_of_kind_is_a_change():
    recipe = PainterRecipe.from_dict(GAN).changed({"kind": "vae", "noise_warm_up": 0})
    assert recipe.kind == "vae" and recipe.is_set("noise_warm_up")
