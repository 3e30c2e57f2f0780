"""Words that a captioner's own settings name, in its exported forms."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_tflite, signatures_of
from keras_imgdesc.export.tasks.captioner import lite_model
from keras_imgdesc.lite import LiteCaptioner
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import VGG16Encoder

IMAGES = np.stack([make_scene("test", i)[1] for i in range(4)])
WORDS = {"prefix": "there is", "require": ("star", "blue"), "avoid": ("large",)}


@pytest.fixture(scope="module")
def worded():
    """A preset with words among its own settings."""
    captioner = ImageCaptioner.from_preset("scenes_lstm")
    captioner.generation = dataclasses.replace(captioner.generation, **WORDS)
    return captioner


@pytest.fixture(scope="module")
def expected(worded):
    captions = worded.generate(IMAGES, return_details=True)
    plain = ImageCaptioner.from_preset("scenes_lstm").generate(IMAGES)
    assert len(set(plain) & {c.text for c in captions}) < 2
    for caption in captions:
        assert caption.text.startswith("there is") and "large" not in caption.words
        assert {"star", "blue"} <= set(caption.words)
    return captions


def test_the_saved_model_obeys_them(worded, expected):
    pixels = tf.function(signatures_of(worded)["pixels"].function)
    outputs = pixels(tf.constant(IMAGES))
    assert [c.decode() for c in outputs["caption"].numpy()] == [
        c.text for c in expected
    ]
    np.testing.assert_allclose(
        outputs["log_prob"], [c.log_prob for c in expected], rtol=1e-4
    )
    with pytest.raises(InputError, match="fit into max_length"):
        signatures_of(worded, max_length=3)


def test_concepts_that_are_turned_off_are_off_in_exports():
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    concepts = {"class_nouns": [[0], [1]], "noun_token_ids": [4, 5], "num_concepts": 2}
    sizes = {"embedding_dim": 8, "hidden_dim": 8, "num_heads": 2, "feature_dim": 8}
    decoder = build_decoder(
        "gru", 7, encoder.feature_map_shape, **sizes, concepts=concepts, concept_dim=4
    )
    noise = np.random.default_rng(0)
    decoder.set_weights([noise.normal(size=w.shape) for w in decoder.weights])
    tokenizer = CaptionTokenizer(Vocabulary(["dog", "cat", "runs"]), 6)
    captioner = ImageCaptioner(encoder, decoder, tokenizer)
    totals = []
    for use_concepts in (None, False):
        captioner.generation = dataclasses.replace(
            captioner.generation, use_concepts=use_concepts
        )
        image = np.full((1, 32, 32, 3), 90, np.uint8)
        served = signatures_of(captioner)["pixels"].function(tf.constant(image))
        (expected,) = captioner.generate(image, return_details=True)
        np.testing.assert_allclose(served["log_prob"], [expected.log_prob], rtol=1e-4)
        encode = lite_model(captioner).signatures["encode"].function
        weights = encode(tf.constant(image))["concept_weights"]
        assert (weights.numpy() > 0).any() == (use_concepts is None)
        totals.append(expected.log_prob)
    assert abs(totals[0] - totals[1]) > 1e-2


@pytest.mark.slow
def test_the_tflite_file_obeys_them(worded, expected, tmp_path):
    for quantize in (None, "dynamic"):
        path = tmp_path / f"{quantize}.tflite"
        export_tflite(worded, path, quantize=quantize)
        lite = LiteCaptioner(path)
        assert lite.metadata["search"]["require"] == ["star", "blue"]
        assert lite.generate(list(IMAGES)) == [c.text for c in expected]
        with pytest.raises(InputError, match="greedy"):
            list(lite.stream_words(IMAGES[0]))
        interpreter = Interpreter(
            model_path=str(path),
            experimental_op_resolver_type=(
                OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        interpreter.allocate_tensors()
