"""Keras' global settings change nothing: layers state their own."""

import ast
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    ImageCaptioner,
    ImageClassifier,
    ImageTextMatcher,
    LSTMDecoder,
    TextToImage,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.export import export_saved_model, export_tflite
from keras_imgdesc.export.tasks import in_float32
from keras_imgdesc.lite import LiteCaptioner, LiteClassifier, LiteMatcher, LitePainter
from keras_imgdesc.painting import (
    Contrast,
    Discriminator,
    Generator,
    ProjectedDiscriminator,
    VaeEncoder,
    coarse_distance,
)
from keras_imgdesc.painting.layers.sharpening import Sharpening
from keras_imgdesc.painting.learning.losses import detail
from keras_imgdesc.painting.learning.matcher_scores import to_encoder
from keras_imgdesc.vision import ENCODERS

TEXTS = ["a red bird", "a blue dog", "a bird"]
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 36, 32, 3)).astype("uint8")
MAPS = np.random.default_rng(1).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
SENTENCES = np.random.default_rng(2).normal(size=(2, 6)).astype("float32")
SHAPE = {"sentence_dim": 6, "resolution": 32, "width": 4}


@contextmanager
def channels_first():
    keras.config.set_image_data_format("channels_first")
    try:
        yield
    finally:
        keras.config.set_image_data_format("channels_last")


@contextmanager
def large_epsilon():
    before = keras.config.epsilon()
    keras.config.set_epsilon(0.5)
    try:
        yield
    finally:
        keras.config.set_epsilon(before)


@contextmanager
def policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def text_encoder() -> CompactTextEncoder:
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "blue", "bird", "dog"]), 6)
    return CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2)


def encoder() -> VGG16Encoder:
    return VGG16Encoder(image_size=32, width=0.0625)


def build_captioner() -> ImageCaptioner:
    decoder = LSTMDecoder(9, encoder().feature_map_shape, 8, 8, 2, feature_dim=8)
    return ImageCaptioner(encoder(), decoder, text_encoder().tokenizer)


def build_matcher() -> ImageTextMatcher:
    larger = VGG16Encoder(image_size=64, width=0.0625)
    return ImageTextMatcher.build_parts(
        larger, text_encoder(), embedding_dim=8, pool_size=2
    )


def build_painter() -> TextToImage:
    options = {"noise_dim": 6, "condition_dim": 8, "refined_size": 32}
    generator = Generator(16, resolution=32, width=4, sharpening_rounds=1, **options)
    return TextToImage(text_encoder(), generator)


def build_classifier() -> ImageClassifier:
    return ImageClassifier.build_parts(encoder(), ["cat", "dog"])


def caption(captioner):
    return [c.log_prob for c in captioner.score(PHOTOS, TEXTS)]


def match(matcher):
    return matcher.score(PHOTOS, TEXTS)


def paint(painter):
    return painter.generate(TEXTS, seed=3).astype(int)


def classify(classifier):
    return classifier.probabilities(PHOTOS)


TASKS = {
    "captioner": (build_captioner, caption),
    "matcher": (build_matcher, match),
    "painter": (build_painter, paint),
    "classifier": (build_classifier, classify),
}


def train(task):
    examples = {"image": PHOTOS, "caption": TEXTS}
    if isinstance(task, ImageClassifier):
        examples = {"image": PHOTOS, "label": ["dog", "cat", 1]}
        task.compile("sgd", run_eagerly=True)
        task.fit(examples, verbose=0)
    elif isinstance(task, TextToImage):
        task.compile(run_eagerly=True)
        task.fit(examples, batch_size=3, verbose=0)
    else:
        task.compile("sgd", run_eagerly=True)
        task.fit(examples, batch_size=3, verbose=0)
    return [w for part in task.parts().values() for w in part.get_weights()]


@pytest.mark.parametrize("name", TASKS)
def test_a_preset_gives_the_same_answers(name, tmp_path):
    build, answer = TASKS[name]
    task = build()
    task.save_to_preset(tmp_path / "toy")
    expected = answer(type(task).from_preset(tmp_path / "toy"))
    for setting in (
        channels_first(),
        large_epsilon(),
        policy("mixed_bfloat16"),
        policy("float16"),
    ):
        with setting:
            found = answer(type(task).from_preset(tmp_path / "toy"))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("setting", [channels_first, large_epsilon])
@pytest.mark.parametrize("name", TASKS)
def test_a_new_task_computes_and_trains_the_same(name, setting):
    build, answer = TASKS[name]

    def run():
        keras.utils.set_random_seed(0)
        task = build()
        return answer(task), train(task)

    expected, weights = run()
    with setting():
        found, again = run()
    np.testing.assert_array_equal(found, expected)
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_computes_the_same(name):
    options = {
        "vgg16": {"width": 0.0625},
        "mobilenet": {"feature_layer": "conv_pw_4"},
        "efficientnet_lite": {"feature_layer": "block3"},
    }[name]

    def run():
        keras.utils.set_random_seed(0)
        return np.asarray(
            ENCODERS[name](image_size=64, **options)(
                64 * MAPS.repeat(2, 1).repeat(2, 2)
            )
        )

    expected = run()
    with channels_first():
        np.testing.assert_array_equal(run(), expected)


def test_every_layer_with_a_data_format_states_it():
    package = Path(__file__).parents[1] / "keras_imgdesc"
    silent = []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).split(".")[-1]
            has_format = name.endswith(("Conv2D", "Conv2DTranspose", "Pooling2D"))
            has_format |= name in ("ZeroPadding2D", "average_pool", "max_pool")
            # `**options` may state it.
            if has_format and not {"data_format", None} & {
                k.arg for k in node.keywords
            }:
                silent.append(f"{path.name}:{node.lineno}")
    assert not silent


def painting_networks() -> list[np.ndarray]:
    """Return what the networks and functions of painters' trainings compute."""
    keras.utils.set_random_seed(0)
    both = {"image": MAPS, "sentence": SENTENCES}
    discriminator = Discriminator(**SHAPE)
    maps = np.asarray(discriminator.read(MAPS))
    contrast = Contrast(discriminator)
    found = [
        discriminator(both),
        contrast({"map": 1e-3 * maps, "sentence": SENTENCES}),
        ProjectedDiscriminator(encoder(), **SHAPE)(both),
        VaeEncoder(**SHAPE, noise_dim=5)(both)["mean"],
        Sharpening(1)(MAPS),
        coarse_distance(MAPS, MAPS[::-1]),
        detail(ops.convert_to_tensor(MAPS)),
        to_encoder(ops.convert_to_tensor(MAPS), VGG16Encoder(48, width=0.0625)),
    ]
    return [np.asarray(x) for x in found]


@pytest.mark.parametrize("setting", [channels_first, large_epsilon])
def test_the_networks_of_painters_compute_the_same(setting):
    expected = painting_networks()
    with setting():
        found = painting_networks()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", TASKS)
def test_a_task_of_mixed_precision_is_exported_in_float32(name, precision):
    build, answer = TASKS[name]
    with dtype_policy(precision):
        task = build()
        copy = in_float32(task)
    layers = [
        layer for part in copy.parts().values() for layer in part._flatten_layers()
    ]
    assert {layer.compute_dtype for layer in layers} == {"float32"}
    with dtype_policy("float32"):
        expected = build()
    for part, other in zip(expected.parts().values(), task.parts().values()):
        part.set_weights(other.get_weights())
    np.testing.assert_array_equal(answer(copy), answer(expected))
    assert in_float32(copy) is copy


@pytest.mark.parametrize(
    "name",
    [
        name if name == "classifier" else pytest.param(name, marks=pytest.mark.slow)
        for name in TASKS
    ],
)
def test_exported_files_of_mixed_precision_answer_as_float32(name, tmp_path):
    with policy("mixed_bfloat16"):
        task = TASKS[name][0]()
        folder = export_saved_model(task, tmp_path / "served", warm_up=False)
        file = export_tflite(task, tmp_path / "task.tflite")
        expected = in_float32(task)
    served = tf.saved_model.load(str(folder)).signatures
    one = PHOTOS[:1, :32]
    if name == "classifier":
        found = LiteClassifier(file).probabilities(one[0])
        np.testing.assert_allclose(found, expected.probabilities(one)[0], atol=1e-5)
        probability = served["pixels"](image=one)["probability"]
        np.testing.assert_allclose(
            np.sort(probability), np.sort(expected.probabilities(one)), atol=1e-5
        )
    elif name == "matcher":
        found = LiteMatcher(file).score(one[0], TEXTS)
        np.testing.assert_allclose(found, expected.score(one, TEXTS), atol=1e-3)
        vector = served["embed_text"](text=tf.constant(TEXTS))["vector"]
        np.testing.assert_allclose(
            vector, expected.embed_texts(TEXTS).vectors, atol=1e-5
        )
    elif name == "painter":
        painted = expected.generate(TEXTS[:1], seed=0).astype(int)
        found = LitePainter(file).generate(TEXTS[0], seed=0)
        assert np.abs(np.asarray(found).astype(int) - painted).max() <= 1
        pixels = served["serving_default"](text=tf.constant(TEXTS[:1]))["pixels"]
        assert np.abs(pixels.numpy().astype(int) - painted).max() <= 1
    else:
        text = expected.generate(one[0])
        assert LiteCaptioner(file).generate(one[0]) == text
        assert served["pixels"](image=one)["caption"].numpy()[0].decode() == text
