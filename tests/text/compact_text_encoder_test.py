"""The compact text encoder."""

import keras
import numpy as np
import pytest

from keras_imgdesc import CompactTextEncoder, InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

TEXTS = ["a red bird", "a blue bird on a tree", "tree"]


@pytest.fixture(scope="module")
def encoder() -> CompactTextEncoder:
    keras.utils.set_random_seed(0)
    words = ["a", "red", "blue", "bird", "tree", "on"]
    tokenizer = CaptionTokenizer(Vocabulary(words), 8)
    return CompactTextEncoder(tokenizer, embedding_dim=16, num_heads=2)


def test_a_text_has_the_same_vectors_alone_and_in_a_batch(encoder):
    together = encoder.encode(TEXTS)
    for index, text in enumerate(TEXTS):
        alone = encoder.encode(text)
        np.testing.assert_allclose(
            alone.sentences[0], together.sentences[index], atol=1e-5
        )


def test_batches_are_joined_in_order(encoder):
    whole = encoder.encode(TEXTS * 3)
    parts = encoder.encode(TEXTS * 3, batch_size=2)
    np.testing.assert_allclose(parts.sentences, whole.sentences, atol=1e-5)
    assert len(parts) == 9
    assert (parts.padding_mask == whole.padding_mask).all()


def test_words_are_neither_edges_nor_padding(encoder):
    mask = encoder.encode(TEXTS).padding_mask
    assert mask.sum(axis=1).tolist() == [3, 6, 1]
    assert not mask[:, 0].any()  # the start token


def test_padding_changes_nothing(encoder):
    token_ids = encoder.tokenize(["a red bird"])
    longer = CaptionTokenizer(encoder.tokenizer.vocabulary, 20)
    wide = CompactTextEncoder(longer, embedding_dim=16, num_heads=2)
    for ours, theirs in zip(wide.weights, encoder.weights, strict=True):
        value = keras.ops.convert_to_numpy(theirs)
        if ours.shape != theirs.shape:  # of the places
            value = np.concatenate([value, np.ones((12, 16), "float32")])
        ours.assign(value)
    expected = encoder({"token_ids": token_ids})["sentence"]
    found = wide({"token_ids": np.pad(token_ids, ((0, 0), (0, 12)))})["sentence"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_order_of_words_counts(encoder):
    found = encoder.encode(["a red bird on a blue tree", "a blue bird on a red tree"])
    assert np.abs(found.sentences[0] - found.sentences[1]).max() > 1e-3


def test_a_row_of_padding_is_finite(encoder):
    outputs = encoder({"token_ids": np.zeros((1, 8), "int32")})
    assert np.isfinite(np.asarray(outputs["sentence"])).all()


def test_config_builds_the_same_model(encoder):
    again = CompactTextEncoder.from_config(encoder.get_config())
    again.set_weights(encoder.get_weights())
    np.testing.assert_array_equal(
        again.encode(TEXTS).sentences, encoder.encode(TEXTS).sentences
    )
    assert again.fingerprint() == encoder.fingerprint()


def test_other_weights_have_another_fingerprint(encoder):
    other = CompactTextEncoder.from_config(encoder.get_config())
    assert other.fingerprint() != encoder.fingerprint()


@pytest.mark.parametrize("texts", ["", "  ", ["a bird", ""], [], ["a", 3]])
def test_no_text_is_refused(encoder, texts):
    with pytest.raises(InputError, match="Received"):
        encoder.encode(texts)


def test_texts_of_any_length_and_script(encoder):
    texts = ["bird " * 10_000, "\U0001f426", "птица", "鳥"]
    found = encoder.encode(texts)
    assert np.isfinite(found.sentences).all()
    # Cut at the sequence's length, edges included.
    assert found.padding_mask.sum(axis=1).tolist()[0] == 6


def test_heads_must_divide_the_width(encoder):
    with pytest.raises(InputError, match="multiple"):
        CompactTextEncoder(encoder.tokenizer, embedding_dim=10, num_heads=4)
