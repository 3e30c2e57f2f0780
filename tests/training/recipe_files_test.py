"""Tests of keras_imgdesc.training.recipe_files."""

from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe_files import find_recipe, list_recipes

RECIPES = Path(__file__).parents[2] / "recipes"


def test_all_recipes_of_the_repository_have_a_name():
    files = sorted(RECIPES.rglob("*.json"))
    assert sorted(list_recipes().values()) == files
    assert {"frozen", "flickr8k_vgg16_lstm/1_captioner"} <= list_recipes().keys()


@pytest.mark.parametrize("name", ["frozen", "frozen.json"])
def test_a_recipe_is_found_by_name_in_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_recipe(name) == RECIPES / "frozen.json"


def test_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "frozen.json"
    own.write_text("{}")
    assert find_recipe("frozen.json").samefile(own)
    assert find_recipe(own) == own


def test_another_name_is_refused_with_the_names_that_there_are():
    with pytest.raises(InputError) as caught:
        find_recipe("frozne")
    assert "Did you mean frozen?" in caught.value.remedy
    assert "scenes_lstm" in caught.value.remedy
    with pytest.raises(InputError):
        find_recipe("../setup")
