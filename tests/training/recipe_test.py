from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.classifier.recipe import ClassifierRecipe
from keras_imgdesc.training.encoder.recipe import DistillationRecipe
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.recipe import Recipe

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ToyRecipe(Recipe):
    RENAMED = {"rounds": "epochs"}

    epochs: int = 3
    rate: float = 0.1
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    optimizer: str = "adam"
    dropout: float = 0.5

    def __post_init__(self):
        super().__post_init__()
        self.require_at_least(epochs=1, rate=0)
        self.require_below_one("dropout")
        self.require_one_of(optimizer=("adam", "muon"))


def test_similar_names_are_suggested():
    with pytest.raises(
        InputError, match=r"ToyRecipe has no such fields.*Did you mean \['epochs'\]\?"
    ):
        ToyRecipe.from_dict({"epoch": 3})
    with pytest.raises(InputError, match=r"\]\. Known fields are \['epochs', 'rate'"):
        ToyRecipe.from_dict({"xyz": 3})


def test_old_names_are_read_but_not_beside_the_new():
    assert ToyRecipe.from_dict({"rounds": 5, "rate": 1}) == ToyRecipe(5, 1)
    with pytest.raises(InputError, match=r"fields=\['rounds'\]"):
        ToyRecipe.from_dict({"rounds": 5, "epochs": 5})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1.*epochs=0.*Set epochs to 1 or more"),
        ({"dropout": 1}, "dropout must be at least 0 and below 1.*dropout=1.*to 0"),
        ({"dropout": -0.1}, r"dropout=-0\.1"),
        ({"optimizer": "sgd"}, r"'sgd'.*Use one of \['adam', 'muon'\]"),
        ({"rate": "fast"}, "rate must be a number.*Set rate to a number"),
    ],
)
def test_bad_values_are_named(changes, message):
    with pytest.raises(InputError, match=message):
        ToyRecipe.from_dict(changes)


def test_a_base_of_several_kinds_chooses_the_class():
    @dataclass(frozen=True)
    class Base(Recipe):
        kind: str = "small"

        @classmethod
        def class_of(cls, values, source=""):
            return {"small": Small, "large": Large}[values.get("kind", "small")]

    @dataclass(frozen=True)
    class Small(Base):
        pass

    @dataclass(frozen=True)
    class Large(Base):
        kind: str = "large"
        layers: int = 2

    large = Base.from_dict({"kind": "large", "layers": 3})
    assert large == Large(layers=3) and Base.from_dict(large.as_dict()) == large
    with pytest.raises(InputError, match="Small has no such fields.*layers"):
        Base.from_dict({"layers": 3})


def test_a_recipe_is_a_json_object(tmp_path):
    path = tmp_path / "list.json"
    path.write_text("[]")
    with pytest.raises(InputError, match="must have an object"):
        ToyRecipe.from_json(path)
    with pytest.raises(InputError, match="nowhere"):
        ToyRecipe.from_json(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (CaptionRecipe, "recipes/*lstm*.json"),
        (CaptionRecipe, "recipes/flickr8k_*_lstm/[2-4]*.json"),
        (CaptionRecipe, "recipes/f[ir]*.json"),
        (CaptionRecipe, "saved_models/*_lstm/recipe.json"),
        (MatchingRecipe, "recipes/*_matcher.json"),
        (MatchingRecipe, "saved_models/*_matcher/recipe.json"),
        (ClassifierRecipe, "recipes/classifier.json"),
        (ClassifierRecipe, "recipes/imagenet_*.json"),
        (DistillationRecipe, "recipes/distilled_vgg16.json"),
    ],
)
def test_every_recipe_that_ships_is_read(kind, pattern):
    paths = list(ROOT.glob(pattern))
    assert paths
    for path in paths:
        recipe = kind.from_json(path)
        assert kind.from_dict(recipe.as_dict()) == recipe


def test_items_of_a_list_have_their_type():
    with pytest.raises(InputError, match=r"sizes must have an integer at `\[1\]`"):
        ToyRecipe.from_dict({"sizes": [1, "2"]})
    with pytest.raises(InputError, match=r"exchangeable must have a list at `\[0\]`"):
        MatchingRecipe.from_dict({"exchangeable": ["red"]})


def test_a_value_out_of_range_names_the_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"epochs": 0}')
    with pytest.raises(InputError, match="at least 1.*mine.json.*epochs=0"):
        CaptionRecipe.from_json(path)
