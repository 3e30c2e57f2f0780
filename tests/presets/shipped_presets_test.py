"""The presets in `saved_models/` work offline."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_imgdesc import (
    ImageClassifier,
    ImageTextMatcher,
    TextToImage,
    load_image,
)
from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.data.scenes import EXCHANGEABLE, draw_scenes
from keras_imgdesc.data.scenes.drawing import RGB as COLOURS
from keras_imgdesc.images import resize_image
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.vision.vgg16_weights import to_keras_vgg16

ROOT = Path(__file__).parents[2]
PRESETS = ["flickr8k_efficientnet_lstm", "flickr8k_vgg16_lstm", "scenes_lstm"]
MATCHERS = [
    "flickr8k_matcher",
    "flowers_matcher",
    "flowers_painting_matcher",
    "scenes_matcher",
]
SCENES = [f"a large {colour} circle" for colour in COLOURS]
FLOWERS = [
    "a yellow sunflower",
    "a red anthurium",
    "a purple spring crocus",
    "a pink garden phlox",
    "a white japanese anemone",
    "an orange tiger lily",
]
# By name: the matcher that judges, texts, and the share that it must recognize.
PAINTERS = {
    "flowers_cvae": ("flowers_matcher", FLOWERS, 0.5),  # colours, hardly shapes
    "flowers_dcgan": (
        "flowers_matcher",
        FLOWERS,
        0.75,
    ),  # trained with another
    "scenes_cvae": ("scenes_matcher", SCENES, 0.75),
    "scenes_dcgan": ("scenes_matcher", SCENES, 0.75),
}
CLASSIFIERS = ["imagenet_efficientnet_lite2", "imagenet_vgg16"]
# The five best classes of photographs in examples/, by the published weights.
SEEN = {
    "cat": ["Egyptian cat", "tiger cat", "tabby, tabby cat", "lynx, catamount"],
    "coffee": ["espresso", "consomme", "cup", "chocolate sauce, chocolate syrup"],
    "rocket": ["drilling platform, offshore rig", "missile", "projectile, missile"],
}
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))


@pytest.fixture(scope="module", params=PRESETS)
def preset(request):
    return ROOT / "saved_models" / request.param


def test_captions_are_more_than_guesses(preset):
    captioner = ImageCaptioner.from_preset(preset)
    captions = captioner.generate(PHOTOS, return_details=True)
    assert len({c.text for c in captions}) > 1
    # Several words, each far more likely than a guess.
    for caption in captions:
        assert len(caption.words) >= 4
        assert caption.log_prob / len(caption.token_ids) > -3


def test_the_right_caption_is_preferred_to_wrong_ones():
    matcher = ImageTextMatcher.from_preset("scenes_matcher")
    scenes = draw_scenes("composition", 20)
    swaps = WordSwaps(EXCHANGEABLE)
    right = 0
    for scene in scenes:
        caption = scene.captions[0]
        found = matcher.text_probabilities(scene.source, [caption, *swaps(caption)])
        right += int(found.argmax() == 0)
    assert right >= 18


@pytest.mark.slow
@pytest.mark.parametrize("name", PAINTERS)
def test_images_show_their_texts(name):
    painter = TextToImage.from_preset(name)
    judge, texts, share = PAINTERS[name]
    matcher = ImageTextMatcher.from_preset(judge)
    painted = painter.generate(texts, num_images=16, rerank=matcher)[:, 0]
    scores = matcher.score(list(painted), texts)
    assert (scores.argmax(axis=1) == np.arange(len(texts))).mean() >= share


def test_the_tflite_file_paints_the_same():
    preset = ROOT / "saved_models" / "scenes_cvae"
    text = "a small blue star above a large yellow square"
    painted = LitePainter(preset / "painter.tflite").generate(text, 4, seed=3)
    expected = TextToImage.from_preset(preset).generate(text, 4, seed=3)
    difference = np.abs(painted.astype(int) - expected)
    # int8 weights: of a few pixels at the edges, the side is another.
    assert difference.mean() < 2 and (difference.max(axis=-1) > 8).mean() < 0.05


@pytest.mark.parametrize("photo", SEEN)
def test_classes_are_those_of_the_published_weights(photo):
    classifier = ImageClassifier.from_preset("imagenet_efficientnet_lite2")
    found = classifier.classify(ROOT / "examples" / "photos" / f"{photo}.jpg")
    names = [prediction.label for prediction in found]
    assert names[: len(SEEN[photo])] == SEEN[photo]


@pytest.mark.parametrize("name", [*PRESETS, *MATCHERS, *PAINTERS, *CLASSIFIERS])
def test_the_card_and_the_recipe_are_complete(name):
    preset = ROOT / "saved_models" / name
    card = (preset / "README.md").read_text("utf-8")
    for heading in ("Numbers", "Data and terms", "Recipe", "Limits"):
        assert f"## {heading}" in card
    notes = json.loads((preset / "recipe.json").read_text())["notes"]
    assert {"command", "time", "machine", "score"} <= set(notes)


def test_the_distilled_vgg16_is_that_of_keras():
    captioner = ImageCaptioner.from_preset("flickr8k_vgg16_lstm")
    model = to_keras_vgg16(captioner.image_encoder)
    cut = keras.Model(model.input, model.get_layer("block5_conv3").output)
    image = resize_image(load_image(PHOTOS[0]), 224)[None]
    expected = cut(keras.applications.vgg16.preprocess_input(image.astype("float32")))
    np.testing.assert_allclose(
        captioner.image_encoder(image), expected, rtol=1e-2, atol=1e-3
    )


def test_every_preset_is_tested_here():
    folders = {p.parent.name for p in ROOT.glob("saved_models/*/config.json")}
    assert folders == {*PRESETS, *MATCHERS, *PAINTERS, *CLASSIFIERS}
