"""Words that a captioner's own settings name, in its exported forms."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_tflite, signatures_of
from keras_imgdesc.lite import LiteCaptioner

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
