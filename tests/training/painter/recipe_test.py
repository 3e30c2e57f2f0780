"""Recipes of both kinds, and those of earlier versions."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting import GanObjective, VaeObjective
from keras_imgdesc.training.painter import GanRecipe, PainterRecipe, VaeRecipe
from keras_imgdesc.training.run_directory import RunDirectory

ROOT = Path(__file__).parents[3]
NAMES = ("*_cvae*", "*_dcgan*")
OWN = [p for name in NAMES for p in (ROOT / "recipes").glob(f"{name}.json")]
OLD = [p for name in NAMES for p in (ROOT / "saved_models").glob(f"{name}/recipe.json")]


def kind_of(path: Path) -> type[PainterRecipe]:
    return GanRecipe if "dcgan" in f"{path.parent.name}/{path.stem}" else VaeRecipe


@pytest.mark.parametrize("path", sorted(OWN), ids=lambda p: p.stem)
def test_every_recipe_of_the_repository_has_the_fields_of_its_kind(path):
    recipe = PainterRecipe.from_json(path)
    assert type(recipe) is kind_of(path)
    values = json.loads(path.read_text())
    assert values.keys() <= {each.name for each in fields(recipe)}
    assert values.items() <= recipe.as_dict().items()


@pytest.mark.parametrize("path", sorted(OLD), ids=lambda p: p.parent.name)
def test_every_recipe_of_a_shipped_painter_is_read(path):
    """They have the fields of both kinds, and names of earlier versions."""
    values = json.loads(path.read_text())
    recipe = PainterRecipe.from_json(path)
    assert type(recipe) is kind_of(path)
    kept = recipe.as_dict()
    names = GanRecipe.RENAMED | VaeRecipe.RENAMED
    renamed = {names.get(k, k): v for k, v in values.items()}
    renamed["balance"] = renamed["balance"].replace("picture", "image")
    for name, value in renamed.items():
        if name in kept:
            assert kept[name] == value
        else:
            others = GanRecipe if type(recipe) is VaeRecipe else VaeRecipe
            assert others.defaults()[name] == value


def test_a_recipe_is_what_its_json_says():
    for recipe in (
        GanRecipe(epochs=3, augmentations=("flip",)),
        VaeRecipe(noise_weight=2.0),
    ):
        text = recipe.to_json()
        assert next(iter(json.loads(text))) == "kind"
        assert PainterRecipe.from_dict(json.loads(text)) == recipe


def test_the_kind_chooses_the_class():
    assert type(PainterRecipe.from_dict({})) is GanRecipe
    assert type(PainterRecipe.from_dict({"kind": "vae"})) is VaeRecipe
    with pytest.raises(InputError, match="kind must be one of .*dcgan.*vae"):
        PainterRecipe.from_dict({"kind": "diffusion"})
    with pytest.raises(InputError, match="must belong together"):
        VaeRecipe.from_dict({"kind": "dcgan"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "vae", "penalty_weight": 1.0}, "VaeRecipe .*; GanRecipe has"),
        ({"noise_weight": 1.0}, "GanRecipe .*; VaeRecipe has.*set kind to 'vae'"),
        ({"encoder_from": "runs/vae"}, "vae_encoder_from"),
        ({"colour": 1}, "no such fields"),
        ({"kind": "vae", "generator_learns": False}, "no such fields"),
    ],
)
def test_a_field_of_another_kind_is_unknown(values, message):
    with pytest.raises(InputError, match=message):
        PainterRecipe.from_dict(values)


def test_a_recipe_is_its_objective():
    gan = GanRecipe(contrast_weight=2.0, matching_weight=1.0, matching_after=2)
    assert gan.objective() == GanObjective(
        divergence_weight=0.01, contrast_weight=2.0, matching_weight=1.0
    )
    weights = [gan.objective(epoch).matching_weight for epoch in range(4)]
    assert weights == [0.0, 0.0, 1.0, 1.0]
    assert VaeRecipe().objective(0) == VaeObjective(
        noise_weight=0.5, divergence_weight=0.01
    )


def test_a_run_directory_of_an_earlier_version_is_resumed(tmp_path):
    saved = json.loads(next(p for p in OLD if "scenes_cvae" in str(p)).read_text())
    RunDirectory(tmp_path, saved).save_checkpoint({}, {"epochs_done": 1})
    recipe = PainterRecipe.from_dict(saved)
    arguments = (recipe.as_dict(), recipe.defaults(), recipe.upgrade)
    assert RunDirectory(tmp_path, *arguments).load_checkpoint() is not None
    other = recipe.as_dict() | {"noise_weight": 9.0}
    with pytest.raises(InputError, match=r"restore \['noise_weight'\]"):
        RunDirectory(tmp_path, other, *arguments[1:])
