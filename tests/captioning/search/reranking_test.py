"""A matcher chooses among the beams."""

import itertools

import numpy as np
import pytest

from keras_imgdesc.captioning.search.decoding import normalize_by_length
from keras_imgdesc.captioning.search.reranking import Reranker
from keras_imgdesc.errors import InputError


class LengthMatcher:
    """f is the number of letters of the text, or its negative."""

    def __init__(self, sign):
        self.sign = sign

    def embed_texts(self, texts, *, allow_unknown):
        return np.array([self.sign * len(text) for text in texts], "float32")

    def embed_images(self, images):
        return np.zeros(len(images), "float32")

    def score(self, images, texts):
        return images[:, None] + texts[None]


def beams(captioner, photos):
    settings = captioner.generation
    found = captioner.find_captions(
        photos,
        num_beams=4,
        max_length=settings.max_length,
        length_penalty=settings.length_penalty,
    )
    scores = normalize_by_length(found.totals, found.lengths, settings.length_penalty)
    # A beam that the search abandoned is not a caption.
    lengths, is_finished = np.asarray(found.lengths), np.asarray(found.finished)
    is_caption = is_finished | (lengths == settings.max_length)
    assert not is_caption.all()
    texts = [captioner.tokenizer.detokenize(row) for row in np.asarray(found.token_ids)]
    pairs = list(zip(texts, np.asarray(scores), is_caption, strict=True))
    return (
        [list(itertools.compress(row, kept)) for row, _, kept in pairs],
        [row[kept] for _, row, kept in pairs],
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_large_weight_leaves_the_choice_to_the_matcher(toy_captioner, photos, sign):
    resized = np.asarray(photos[:, :32, :32])
    texts, _ = beams(toy_captioner, resized)
    chosen = toy_captioner.generate(
        list(resized), num_beams=4, rerank=LengthMatcher(sign), rerank_weight=100.0
    )
    for picked, row in zip(chosen, texts, strict=True):
        expected = max(sign * len(text) for text in row if text)
        assert sign * len(picked) == expected


def test_it_is_a_weighted_sum(toy_captioner, photos):
    resized = np.asarray(photos[:, :32, :32])
    texts, scores = beams(toy_captioner, resized)
    weight = 0.05
    chosen = toy_captioner.generate(
        list(resized), num_beams=4, rerank=LengthMatcher(1), rerank_weight=weight
    )
    for picked, row, score in zip(chosen, texts, scores, strict=True):
        lengths = np.array([len(text) for text in row], float)
        log_probs = lengths - np.log(np.exp(lengths - lengths.max()).sum())
        totals = score + weight * (log_probs - lengths.max())
        assert picked == row[int(np.argmax(totals))]


def test_a_weight_of_zero_changes_nothing(toy_captioner, photos):
    plain = toy_captioner.generate(photos, return_attention=True)
    same = toy_captioner.generate(
        photos, rerank=LengthMatcher(1), rerank_weight=0.0, return_attention=True
    )
    for one, other in zip(plain, same, strict=True):
        assert one.text == other.text and one.log_prob == other.log_prob
        np.testing.assert_array_equal(one.attention, other.attention)


def test_an_empty_caption_is_not_chosen():
    reranker = Reranker(LengthMatcher(-1), 1.0)
    images = np.zeros((1, 4, 4, 3), "uint8")
    assert reranker.choose(images, [["", "a dog"]], np.array([[0.0, -9.0]])) == [1]


def test_sampling_cannot_be_reranked(toy_captioner, photos):
    with pytest.raises(InputError, match="beams"):
        toy_captioner.generate(photos, rerank=LengthMatcher(1), seed=1)


def test_a_negative_weight_is_refused(toy_captioner, photos):
    with pytest.raises(InputError, match="rerank_weight"):
        toy_captioner.generate(photos, rerank=LengthMatcher(1), rerank_weight=-1)
