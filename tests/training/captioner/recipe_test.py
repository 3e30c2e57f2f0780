import json
from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe

RECIPES = Path(__file__).parents[3] / "recipes"


def test_recipes_go_through_json(tmp_path):
    recipe = CaptionRecipe(epochs=3, encoder_options={"width": 0.5}, start_from="x")
    path = tmp_path / "r.json"
    path.write_text(recipe.to_json())
    assert CaptionRecipe.from_json(path) == recipe


@pytest.mark.parametrize(
    "path", sorted(RECIPES.glob("*lstm*.json")), ids=lambda p: p.stem
)
def test_every_recipe_that_ships_is_read(path):
    assert CaptionRecipe.from_json(path).epochs >= 1


@pytest.mark.parametrize(
    ("values", "received"),
    [
        ({"epoch": 3}, "epoch"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": "many"}, "epochs must be a whole number"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"learning_rate": None}, "learning_rate must be a number"),
        ({"flip": 1}, "flip must be true or false"),
        ({"encoder": None}, "encoder must be text"),
        ({"encoder_options": []}, "encoder_options must be an object"),
        ({"start_from": 3}, "start_from must be text or null"),
        ({"metric": "rouge"}, "rouge"),
        ({"optimizer": "sgd"}, "sgd"),
        ({"batch_size": 64, "captions_per_image": 5}, "captions_per_image=5"),
    ],
)
def test_bad_fields_are_named(tmp_path, values, received):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=received):
        CaptionRecipe.from_json(path)


def test_a_file_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(InputError, match="broken"):
        CaptionRecipe.from_json(path)
    with pytest.raises(InputError, match="nowhere"):
        CaptionRecipe.from_json(tmp_path / "nowhere.json")
