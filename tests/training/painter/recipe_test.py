from pathlib import Path

import pytest

from keras_imgdesc.training.painter.recipe import GeneratorRecipe

RECIPES = Path(__file__).parents[3] / "recipes"
NAMES = ("*_cvae*.json", "*_dcgan.json")


@pytest.mark.parametrize(
    "path",
    sorted(p for name in NAMES for p in RECIPES.glob(name)),
    ids=lambda p: p.stem,
)
def test_every_recipe_that_ships_is_read(path):
    recipe = GeneratorRecipe.from_json(path)
    assert recipe.kind == ("dcgan" if "dcgan" in path.stem else "vae")
