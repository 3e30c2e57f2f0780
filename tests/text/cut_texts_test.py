import pytest

from keras_imgdesc.text import (
    CaptionTokenizer,
    Vocabulary,
    WordPieceTokenizer,
    WordPieceVocabulary,
)
from keras_imgdesc.text.cut_texts import warn_of_cut

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "##s"]


@pytest.mark.parametrize(
    "tokenizer",
    [
        CaptionTokenizer(Vocabulary(["a", "dog", "dogs"]), 5),
        WordPieceTokenizer(WordPieceVocabulary(PIECES), 5),
    ],
    ids=["words", "pieces"],
)
def test_cut_texts_are_counted_and_said(tokenizer, caplog):
    assert warn_of_cut(tokenizer, ["a dog a", "dog", ""]) == 0
    assert not caplog.records
    # Four words, and as many pieces, do not fit between start and end.
    texts = [["a dog a dog", "a dog"], ["dog dog dog dog dog dog", "a"]]
    assert warn_of_cut(tokenizer, texts, "texts", "use shorter ones") == 2
    expected = (
        "2 of 4 texts (50.00 %) are longer than 5 tokens and are cut: use shorter"
    )
    assert expected in caplog.text
