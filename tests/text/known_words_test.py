"""Captions to train on, by the share of their words that a tokenizer knows."""

import warnings

import numpy as np
import pytest

from keras_imgdesc import CaptionTokenizer, Vocabulary
from keras_imgdesc.captioning import CaptionPreprocessor
from keras_imgdesc.captioning.training_data import training_dataset
from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.text import WordPieceTokenizer, WordPieceVocabulary
from keras_imgdesc.text.known_words import check_known_words

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "run", "##s"]
TOKENIZERS = [
    CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), 8),
    WordPieceTokenizer(WordPieceVocabulary(PIECES), 8),
]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_many_unknown_words_are_warned_of_and_no_known_one_is_refused(tokenizer):
    with warnings.catch_warnings(action="error"):
        assert check_known_words(tokenizer, ["A dog runs."] * 9, "matcher") == 0
        few = check_known_words(tokenizer, [*["a dog runs"] * 9, "zebra"], "matcher")
    assert few == pytest.approx(1 / 28)
    with pytest.warns(UnknownWordsWarning, match=r"40\.0 %.*of the matcher: two, cats"):
        check_known_words(tokenizer, [["a dog", "two cats"], ["runs", "?"]], "matcher")
    for texts in (["zebra", "two cats"], ["?!"]):
        with pytest.raises(InputError, match=f"captioner knows.*captions={len(texts)}"):
            check_known_words(tokenizer, texts, "captioner")


def test_training_data_are_checked():
    preprocessor = CaptionPreprocessor(TOKENIZERS[0], 32)
    images = np.zeros((2, 32, 32, 3), "uint8")
    with pytest.warns(UnknownWordsWarning, match="vocabulary of the captioner: cat"):
        data = {"image": images, "caption": ["a dog", "a cat"]}
        training_dataset(data, preprocessor, 2)
    with pytest.raises(InputError, match="the captioner knows"):
        training_dataset({"image": images, "caption": ["x", "y"]}, preprocessor, 2)
