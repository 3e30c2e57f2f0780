"""Texts of a generator's training, embedded."""

import numpy as np
import pytest

from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.training.painter.texts import embed_texts

CAPTIONS = (("a red bird", "red bird"), ("a blue bird", "a red bird"))


@pytest.fixture(scope="module")
def encoder():
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "blue", "bird"]), 9)
    return CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)


@pytest.fixture(scope="module")
def collection():
    return CaptionCollection(
        [
            CaptionedImage(str(number), None, captions, b"")
            for number, captions in enumerate(CAPTIONS)
        ]
    )


def embedded(encoder, collection, folder, **options):
    settings = {
        "hard_mismatch": 0,
        "exchangeable": [["red", "blue"]],
        "keep_ids": False,
        "keep_words": True,
        "seed": 0,
    }
    return embed_texts(encoder, collection, folder, **settings | options)


def test_each_text_has_a_sentence_and_words(encoder, collection, tmp_path):
    texts = embedded(encoder, collection, tmp_path)
    assert texts.of_caption.tolist() == [0, 1, 2, 0]
    assert texts.token_ids is None
    found = encoder.encode(["a red bird", "red bird", "a blue bird"])
    np.testing.assert_allclose(texts.sentences, found.sentences, atol=1e-5)
    # As long as the longest text, its end included.
    hidden = found.words * found.padding_mask[..., None]
    np.testing.assert_allclose(texts.words, hidden[:, :4], atol=2e-3)
    assert not hidden[:, 4:].any()


def test_a_text_is_encoded_once(encoder, collection, tmp_path, monkeypatch):
    encoded: list[str] = []
    encode = encoder.encode

    def counted(texts):
        encoded.extend(texts)
        return encode(texts)

    monkeypatch.setattr(encoder, "encode", counted)
    first = embedded(encoder, collection, tmp_path, hard_mismatch=2)
    assert len(encoded) == len(set(encoded)) == len(first.sentences) == 4
    again = embedded(encoder, collection, tmp_path, hard_mismatch=2)
    assert len(encoded) == 4
    np.testing.assert_array_equal(first.sentences, again.sentences)
    np.testing.assert_array_equal(first.words, again.words)


def test_wrong_texts_are_of_other_words(encoder, collection, tmp_path):
    texts = embedded(encoder, collection, tmp_path, hard_mismatch=2, keep_ids=True)
    # "a red bird" as "a blue bird", which is a caption too, and the other way round.
    assert texts.mismatches.tolist() == [[2, -1], [3, -1], [0, -1]]
    expected = encoder.encode(["blue bird"]).sentences[0]
    np.testing.assert_allclose(texts.sentences[3], expected, atol=1e-5)
    assert len(texts.token_ids) == 4
