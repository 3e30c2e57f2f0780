"""Settings without effect."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe
from keras_imgdesc.training.unused_settings import (
    recorded_recipe,
    refuse_unused,
    used_options,
)


@dataclass(frozen=True)
class ToyRecipe(Recipe):
    RENAMED = {"weight_of_loss": "weight"}

    encoder: str = "vgg16"
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)


def test_settings_without_effect_are_refused_by_name():
    recipe = ToyRecipe(weight=2.0, options={"a": 1, "b": [2], "c": 3})
    refuse_unused(recipe, "it is so", "encoder")
    refuse_unused(recipe, "it is so", used={"weight": 2.0})
    used = {"weight": 0.5, "options": {"a": 1, "b": (2,), "d": 4}, "encoder": "other"}
    with pytest.raises(
        InputError,
        match=r"but it is so\. Received: weight=2\.0, options=\{'c': 3\}\. "
        r"Remove weight, options or set weight=0\.5, which is what is used\.",
    ):
        refuse_unused(recipe, "it is so", used=used)


def test_a_default_counts_as_set_if_it_was_named():
    recipe = ToyRecipe.from_dict({"encoder": "vgg16"})
    assert not recipe.is_set("encoder")
    changed = recipe.changed({"encoder": "vgg16", "weight_of_loss": 1.0})
    assert changed == recipe and changed.as_dict() == recipe.as_dict()
    assert changed.is_set("encoder") and changed.is_set("weight")
    assert not replace(changed).is_set("encoder")
    reset = ToyRecipe(weight=2.0).changed({"weight": 1.0})
    assert reset == recipe and not reset.is_set("weight")
    with pytest.raises(InputError, match="no such field.*--set"):
        recipe.changed({"encodr": 1}, "--set")
    with pytest.raises(InputError, match="encoder='vgg16'.*encoder=\"mobilenet\""):
        refuse_unused(changed, "there is another", used={"encoder": "mobilenet"})


def test_the_options_of_a_part_are_its_configuration_and_what_was_recorded():
    part = SimpleNamespace(get_config=lambda: {"width": 8})
    recorded = {"weights": "imagenet", "width": 4}
    given = {"weights": "imagenet", "height": 4}
    found = used_options(part, recorded, given)
    assert found == {"width": 8, "weights": "imagenet"}
    assert used_options(part, {}, given) == {"width": 8, "weights": None}


def test_a_preset_may_have_no_recipe(tmp_path):
    assert recorded_recipe(None) == {} == recorded_recipe(str(tmp_path / "none"))
    assert recorded_recipe("scenes_lstm")["min_count"] == 1
