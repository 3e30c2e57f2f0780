"""Toy models for the matching tests."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc import CompactTextEncoder, ImageTextMatcher, VGG16Encoder
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

WORDS = ["a", "red", "blue", "green", "circle", "square", "above"]


def make_matcher(shake: bool = True, **changes) -> ImageTextMatcher:
    """A matcher of 32 px, 2 x 2 regions and 11 tokens, with random weights."""
    keras.utils.set_random_seed(0)
    tokenizer = CaptionTokenizer(Vocabulary(WORDS), 8)
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625, trainable_from="none"),
        CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2),
        **{"embedding_dim": 8, "num_heads": 2} | changes,
    )
    generator = np.random.default_rng(0)
    if not shake:
        return matcher
    for part in (matcher.image_tower, matcher.text_tower, matcher.text_encoder):
        for variable in part.weights:
            value = ops.convert_to_numpy(variable)
            variable.assign(value + 0.3 * generator.normal(size=value.shape))
    return matcher


@pytest.fixture(scope="session")
def toy_matcher() -> ImageTextMatcher:
    """A matcher for tests that do not change it."""
    return make_matcher()


@pytest.fixture
def fresh_matcher():
    """Build a matcher to be changed: `fresh_matcher(use_local=False)`."""
    return make_matcher


@pytest.fixture
def photos() -> np.ndarray:
    """uint8 (5, 40, 50, 3), smooth, each in another colour."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (5, 4, 5, 3)).astype("uint8")
    return coarse.repeat(10, axis=1).repeat(10, axis=2)
