"""Unknown words of texts: named, and refused where there is nothing else."""

import warnings

import pytest

from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.text import TextReader


class Reader(TextReader):
    READER = "painter"

    def __init__(self, sequence_length: int = 5) -> None:
        tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "dog"]), sequence_length)
        self.text_encoder = CompactTextEncoder(
            tokenizer, embedding_dim=4, num_layers=1, num_heads=1
        )


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_unknown_words_are_found_once_each(reader):
    texts = ["A cat, a dog", "größe cat!", " ", "a red dog and a zebra"]
    # The last word is beyond the length that is read, and still unknown.
    assert reader.find_unknown(texts) == ["cat", "größe", "and", "zebra"]
    assert reader.find_unknown(["a red dog"]) == reader.find_unknown([]) == []


def test_they_are_warned_of(reader):
    with pytest.warns(UnknownWordsWarning, match="vocabulary of the painter: cat, big"):
        assert reader.read_texts(["a cat", "a big dog"]) == ["a cat", "a big dog"]
    many = " ".join(f"w{number}" for number in range(25))
    with pytest.warns(UnknownWordsWarning, match="w18, w19 and 5 more$"):
        reader.read_texts(f"a {many}")


@pytest.mark.parametrize("text", ["zebra", "two zebras run", "?!", "\U0001f426"])
def test_a_text_of_unknown_words_alone_is_refused(reader, text):
    with pytest.raises(InputError, match="the painter knows.*Use some of its 3 words"):
        reader.read_texts(["a dog", text])
    assert reader.read_texts(["a dog", text], allow_unknown=True) == ["a dog", text]


def test_known_words_that_are_not_read_do_not_count(reader):
    with pytest.raises(InputError, match="knows"):
        reader.read_texts("one two three dog")


def test_an_encoder_without_a_vocabulary_of_words_accepts_all():
    reader = Reader()
    reader.text_encoder.tokenizer = object()
    with warnings.catch_warnings(action="error"):
        assert reader.read_texts("zebra") == ["zebra"]
    assert reader.find_unknown(["zebra"]) == []


def test_texts_that_are_cut_are_counted(reader, caplog):
    reader.read_texts(["a red dog", "a dog"])
    reader.read_texts("a red dog a dog", allow_unknown=True)
    assert not caplog.records
    assert reader.read_texts(["a red dog a dog", "a dog"])
    assert "1 of 2 texts (50.00 %) are longer than 5 tokens and are cut" in caplog.text
    assert "write shorter texts" in caplog.text
