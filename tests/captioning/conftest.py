"""Toy models for the captioning tests."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import VGG16Encoder

TOY_DECODER: dict[str, Any] = {
    "vocabulary_size": 12,
    "feature_map_shape": (4, 4, 6),
    "embedding_dim": 16,
    "hidden_dim": 16,
    "num_heads": 2,
    "feature_dim": 8,
}


@pytest.fixture
def toy_settings() -> dict[str, Any]:
    """Arguments of a small `LSTMDecoder`."""
    return dict(TOY_DECODER)


@pytest.fixture
def toy_decoder() -> LSTMDecoder:
    """A decoder with random weights, biases included."""
    return shake(LSTMDecoder(**TOY_DECODER))


@pytest.fixture(scope="session")
def toy_captioner() -> ImageCaptioner:
    """A captioner with random weights, for tests that do not change it."""
    return make_captioner()


@pytest.fixture
def fresh_captioner() -> ImageCaptioner:
    """A copy of `toy_captioner` that a test may change."""
    return make_captioner()


def make_captioner() -> ImageCaptioner:
    """Build a captioner of 32 px, 2 x 2 locations and 12 tokens."""
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625, trainable_from="none")
    words = ["a", "dog", "cat", "runs", "sleeps", "red", "big", "two"]
    changes = {"feature_map_shape": encoder.feature_map_shape, "dropout": 0.0}
    decoder = shake(LSTMDecoder(**TOY_DECODER | changes))
    decoder.word_embedding.output_bias.assign(2.5 * (np.arange(12) == 3))
    tokenizer = CaptionTokenizer(Vocabulary(words), sequence_length=8)
    return ImageCaptioner(encoder, decoder, tokenizer)


@pytest.fixture
def photos() -> np.ndarray:
    """uint8 (5, 40, 50, 3), smooth, each in another colour."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (5, 4, 5, 3)).astype("uint8")
    return coarse.repeat(10, axis=1).repeat(10, axis=2)


@pytest.fixture
def feature_map() -> np.ndarray:
    """float32 (3, 4, 4, 6)."""
    return np.random.default_rng(1).normal(size=(3, 4, 4, 6)).astype("float32")


@pytest.fixture
def mixed_bfloat16() -> Iterator[None]:
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy(before)


@pytest.fixture(name="shake", scope="session")
def shake_fixture() -> Callable[[Any], Any]:
    """Adds random numbers to every weight of a model, biases too."""
    return shake


def shake(model: Any, seed: int = 0, scale: float = 0.5) -> Any:
    """Add random numbers to every weight, so that none can be forgotten."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        value = ops.convert_to_numpy(variable)
        variable.assign(value + scale * generator.normal(size=value.shape))
    return model


class TrigramModel:
    """A step function whose probabilities depend on image and last two words.

    `tables` is float (images, size, size, size): log P(next | before last, last).
    """

    def __init__(self, images: int, size: int, seed: int = 0, peak: float = 1.5):
        generator = np.random.default_rng(seed)
        logits = generator.normal(scale=peak, size=(images, size, size, size))
        self.size = size
        self.tables = (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(
            "float32"
        )

    def begin(self, images: list[int]) -> tuple[Any, Any]:
        memory = ops.convert_to_tensor(self.tables[images])
        return memory, {"last": ops.zeros((len(images),), "int32") + 2}

    def step(self, token_ids: Any, memory: Any, state: Any) -> tuple[Any, Any, Any]:
        before = ops.one_hot(state["last"], self.size, dtype="float32")
        last = ops.one_hot(token_ids, self.size, dtype="float32")
        log_probs = ops.einsum("bki,bkj,bijv->bkv", before, last, memory)
        # Attention that shows which word was read.
        return log_probs, last, {"last": token_ids}

    def log_prob(self, image: int, words: tuple[int, ...]) -> float:
        total, before, last = 0.0, 2, 2
        for word in words:
            total += float(self.tables[image, before, last, word])
            before, last = last, word
        return total


@pytest.fixture
def trigram_model() -> Callable[..., TrigramModel]:
    return TrigramModel
