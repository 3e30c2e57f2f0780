from collections.abc import Iterator

import keras
import numpy as np
import pytest

from keras_imgdesc import CompactTextEncoder, InputError
from keras_imgdesc.data import text_cache
from keras_imgdesc.data.text_cache import cached_texts
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

TEXTS = ["a red bird", "a blue bird", "tree", "a bird on a tree", "red"]


@pytest.fixture(scope="module")
def shared_encoder() -> CompactTextEncoder:
    keras.utils.set_random_seed(0)
    words = ["a", "red", "blue", "bird", "tree", "on"]
    tokenizer = CaptionTokenizer(Vocabulary(words), 8)
    return CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)


@pytest.fixture
def encoder(shared_encoder) -> Iterator[CompactTextEncoder]:
    """The shared encoder, whose weights are restored after each test."""
    weights = shared_encoder.get_weights()
    yield shared_encoder
    shared_encoder.set_weights(weights)


@pytest.fixture
def count(encoder, monkeypatch) -> list[int]:
    """The number of texts of each call of `encode`."""
    counts: list[int] = []
    encode = encoder.encode

    def counted(texts, **options):
        counts.append(len(texts))
        return encode(texts, **options)

    monkeypatch.setattr(encoder, "encode", counted)
    return counts


def test_texts_are_embedded_once(encoder, count, tmp_path):
    expected = encoder.encode(TEXTS)
    for _ in range(2):
        found = cached_texts(encoder, TEXTS, tmp_path, progress=False)
        np.testing.assert_allclose(found.sentences, expected.sentences, atol=1e-6)
        np.testing.assert_allclose(found.words, expected.words, atol=2e-3)
        np.testing.assert_array_equal(found.padding_mask, expected.padding_mask)
        assert isinstance(found.words, np.memmap) and found.words.dtype == np.float16
    assert count == [5, 5]  # for the expected embeddings and for the first call


def test_blocks_are_joined_in_order(encoder, count, tmp_path, monkeypatch):
    expected = encoder.encode(TEXTS)
    monkeypatch.setattr(text_cache, "_BLOCK", 2)
    found = cached_texts(encoder, TEXTS, tmp_path, progress=False)
    np.testing.assert_allclose(found.sentences, expected.sentences, atol=1e-6)
    assert count == [5, 2, 2, 1]


def test_other_texts_and_other_weights_are_embedded_separately(
    encoder, count, tmp_path
):
    cached_texts(encoder, TEXTS, tmp_path, progress=False)
    cached_texts(encoder, TEXTS[::-1], tmp_path, progress=False)
    cached_texts(encoder, ["a red", "bird"], tmp_path, progress=False)
    cached_texts(encoder, ["a", "red bird"], tmp_path, progress=False)
    encoder.weights[0].assign(encoder.weights[0] + 1.0)
    found = cached_texts(encoder, TEXTS, tmp_path, progress=False)
    assert count == [5, 5, 2, 2, 5]
    np.testing.assert_allclose(
        found.sentences, encoder.encode(TEXTS).sentences, atol=1e-6
    )


def test_an_interrupted_cache_is_computed_again(encoder, tmp_path, monkeypatch):
    def fail(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(encoder, "encode", fail)
        with pytest.raises(KeyboardInterrupt):
            cached_texts(encoder, TEXTS, tmp_path, progress=False)
    found = cached_texts(encoder, TEXTS, tmp_path, progress=False)
    np.testing.assert_allclose(
        found.sentences, encoder.encode(TEXTS).sentences, atol=1e-6
    )
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["words.npy", "sentences.npy", "manifest.json"])
def test_a_damaged_cache_is_refused(encoder, tmp_path, name):
    cached_texts(encoder, TEXTS, tmp_path, progress=False)
    (file,) = tmp_path.glob(f"*/{name}")
    content = bytearray(file.read_bytes())
    content[-4] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="Delete the folder"):
        cached_texts(encoder, TEXTS, tmp_path, progress=False)
    file.unlink()
    with pytest.raises(InputError, match="Delete the folder"):
        cached_texts(encoder, TEXTS, tmp_path, progress=False)


@pytest.mark.parametrize("texts", [[], ["a bird", " "], ["a", None]])
def test_missing_empty_and_other_texts_are_refused(encoder, tmp_path, texts):
    with pytest.raises(InputError):
        cached_texts(encoder, texts, tmp_path, progress=False)
