"""A matcher without TensorFlow."""

import numpy as np
import pytest

from keras_imgdesc import (
    CompactTextEncoder,
    ImageTextMatcher,
    InputError,
    VGG16Encoder,
    export_tflite,
)
from keras_imgdesc.lite import LiteMatcher
from keras_imgdesc.lite.text_file import read_words
from keras_imgdesc.text import CaptionTokenizer, Vocabulary, standardize

TEXTS = [
    "A man's T-shirt, 2 dogs!",
    "",
    "two\tlines\nof text\x00and a zero",
    "caf\u00e9 cafe\u0301 \u0301lone mark",
    "\u0130stanbul ISTANBUL \u03a3\u03a3",
    "\u0915\u0941\u0924\u094d\u0924\u093e \u72d7 \U0001f415\ufe0f dog\u200ds",
    "`quoted\u00b4 soft\u00adhyphen 1\u20dd",
    "semi;colon_under-score \u2026 \u00bd",
]


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_those_of_the_tokenizer(text):
    assert " ".join(read_words(text)) == standardize(text).numpy().decode()


@pytest.fixture(scope="module")
def matcher() -> ImageTextMatcher:
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "mans", "red"]), 7)
    text_encoder = CompactTextEncoder(
        tokenizer, embedding_dim=16, num_layers=1, num_heads=2
    )
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageTextMatcher.build_parts(
        encoder, text_encoder, embedding_dim=8, num_heads=2
    )


@pytest.fixture(scope="module")
def lite(matcher, tmp_path_factory) -> LiteMatcher:
    path = tmp_path_factory.mktemp("lite") / "matcher.tflite"
    return LiteMatcher(export_tflite(matcher, path))


def test_scores_are_those_of_python(matcher, lite, toy_image, save_picture):
    path = save_picture("photo.png", toy_image)
    pictures = [path, toy_image[::-1]]
    texts = ["A red dog.", "a man's", "dog " * 50]
    np.testing.assert_allclose(
        lite.score(pictures, texts), matcher.score(pictures, texts), atol=1e-3
    )


def test_token_ids_are_those_of_the_tokenizer(matcher, lite):
    for text in filter(str.strip, TEXTS):
        expected = matcher.text_encoder.tokenize(text)
        np.testing.assert_array_equal(lite.tokenize(text), expected)


def test_no_text_is_refused(lite, toy_image):
    with pytest.raises(InputError, match="text"):
        lite.score([toy_image], [" "])


def test_a_file_of_another_task_is_refused():
    from keras_imgdesc.lite.captioner import LITE_FILE
    from keras_imgdesc.presets.folders import find_preset

    with pytest.raises(InputError, match="matcher"):
        LiteMatcher(find_preset("flickr8k_mobilenet_lstm") / LITE_FILE)
