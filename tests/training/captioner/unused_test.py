"""Settings of a captioner's training without effect."""

from functools import partial
from pathlib import Path

import pytest

from keras_imgdesc import CaptionTokenizer, ImageCaptioner, MobileNetEncoder, Vocabulary
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.unused import refuse_unused_settings
from keras_imgdesc.training.unused_settings import refuse_unused

RECIPES = Path(__file__).parents[3] / "recipes"
SMALL = {"embedding_dim": 16, "hidden_dim": 24, "feature_dim": 16, "num_heads": 2}


@pytest.fixture(scope="module")
def captioner() -> ImageCaptioner:
    encoder = MobileNetEncoder(32, feature_layer="conv_pw_2")
    decoder = build_decoder("gru", 6, encoder.feature_map_shape, **SMALL)
    tokenizer = CaptionTokenizer(Vocabulary(["a", "ball"]), 8)
    return ImageCaptioner(encoder, decoder, tokenizer)


@pytest.fixture(scope="module")
def preset(captioner, tmp_path_factory) -> str:
    """Return a preset that records options which its configuration lacks."""
    path = tmp_path_factory.mktemp("preset") / "toy"
    options = {"weights": "imagenet", "feature_layer": "conv_pw_2"}
    recipe = CaptionRecipe(min_count=3, encoder_options=options)
    captioner.save_to_preset(path, recipe=recipe.as_dict())
    return str(path)


def check(recipe: CaptionRecipe, captioner: ImageCaptioner) -> None:
    first = "none" if recipe.start_from else "all"
    first = recipe.encoder_options.get("trainable_from", first)
    captioner.image_encoder.set_trainable_from(first)
    refuse_unused_settings(recipe, captioner, partial(refuse_unused, recipe))


def test_settings_that_are_the_presets_are_accepted(captioner, preset):
    same = {
        "start_from": preset,
        "encoder": "mobilenet",
        "encoder_options": {
            "weights": "imagenet",
            "image_size": 32,
            "trainable_from": "all",
        },
        "decoder": "gru",
        "decoder_options": SMALL,
        "sequence_length": 8,
        "min_count": 3,
    }
    check(CaptionRecipe(**same), captioner)
    check(CaptionRecipe(start_from=preset).changed(same), captioner)
    options = {"encoder_options": {"weights": preset}}
    check(CaptionRecipe(start_from=preset, **options), captioner)
    more = {"grow_vocabulary": True, "min_count": 2}
    check(CaptionRecipe(start_from=preset, **more), captioner)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"encoder": "efficientnet_lite"}, 'encoder=\'eff.*set encoder="mobilenet"'),
        ({"encoder": "vgg16"}, "encoder='vgg16'"),
        ({"encoder_options": {"image_size": 96}}, "encoder_options={'image_size': 96}"),
        ({"encoder_options": {"weights": "x.npz"}}, "{'weights': 'x.npz'}"),
        ({"decoder": "transformer"}, "decoder='transformer'"),
        ({"decoder_options": SMALL | {"dropout": 0.7}}, "{'dropout': 0.7}"),
        ({"sequence_length": 40}, "sequence_length=40.*set sequence_length=8"),
        ({"split": "characters"}, 'split=.characters.*set split="words"'),
        ({"min_count": 1}, "min_count=1.*set min_count=3"),
        ({"classifier": "imagenet_vgg16"}, "classifier='imagenet_vgg16'"),
        ({"concept_options": {"num_concepts": 2}}, "concept_options"),
        ({"temperature": 0.6}, "temperature=0.6"),
        ({"wrong_concepts": 1}, "unpaired_batches is 0.*wrong_concepts=1"),
        ({"flip": True}, "flip=True"),
        ({"views": 2}, "views=2"),
        (
            {"objective": "self_critical", "captions_per_image": 2}
            | {"label_smoothing": 0.2},
            "label_smoothing=0.2",
        ),
        ({"optimizer": "muon", "encoder_learning_rate": 1.0}, "encoder_learning_rate"),
        ({"encoder_learning_rate": 0.3}, "frozen.*encoder_learning_rate=0.3"),
    ],
)
def test_settings_that_a_preset_decides_are_refused(captioner, preset, changes, named):
    recipe = CaptionRecipe(start_from=preset).changed(changes)
    with pytest.raises(InputError, match=f"A setting must have an effect.*{named}"):
        check(recipe, captioner)


@pytest.mark.parametrize(
    "path",
    [
        "frozen.json",
        "fine_tuned.json",
        "from_scratch.json",
        "scenes_lstm.json",
        *sorted(str(p.relative_to(RECIPES)) for p in RECIPES.glob("*/*.json")),
    ],
)
def test_the_recipes_of_the_repository_are_accepted(captioner, path):
    recipe = CaptionRecipe.from_json(RECIPES / path)
    if recipe.start_from or not recipe.classifier:
        options = recipe.encoder_options
        if options.get("trainable_from") not in (None, "none"):
            recipe = recipe.changed({"encoder_options": {"trainable_from": "all"}})
        check(recipe, captioner)


def test_a_documented_recipe_goes_on_from_a_preset():
    changes = {"start_from": "flickr8k_efficientnet_lstm"}
    recipe = CaptionRecipe.from_json(RECIPES / "frozen.json").changed(changes)
    check(recipe, ImageCaptioner.from_preset("flickr8k_efficientnet_lstm"))
