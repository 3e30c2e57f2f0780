"""Texts to the token ids of a BERT."""

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import InputError
from keras_imgdesc.text import WordPieceTokenizer, WordPieceVocabulary

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "##s", "cafe"]
PIECES += [".", "!", "鳥", "[", "sep", "]", "Dog"]


@pytest.fixture(scope="module")
def vocabulary() -> WordPieceVocabulary:
    return WordPieceVocabulary(PIECES)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("A dogs.", "a dog ##s ."),
        ("DOG!!", "dog ! !"),
        ("caf\u00e9 cafe\u0301", "cafe cafe"),
        ("a\u00a0dog\u3000a\ndog\ta", "a dog a dog a"),
        ("do\u200bg d\x00o\x07g", "dog dog"),
        ("a鳥a", "a 鳥 a"),
        ("[SEP] [PAD]", "[ sep ] [ [UNK] ]"),
        ("\U0001f426 " + "dog" * 99, "[UNK] [UNK]"),
    ],
)
def test_texts_are_split_as_bert_wants_them(vocabulary, text, pieces):
    tokenizer = WordPieceTokenizer(vocabulary, 12)
    ids = tokenizer([text]).numpy()
    assert tokenizer.detokenize(ids) == [pieces]
    length = len(pieces.split()) + 2
    assert (ids[0, 0], ids[0, length - 1]) == (vocabulary.start_id, vocabulary.end_id)
    assert (ids[0, length:] == vocabulary.pad_id).all()


def test_bytes_that_are_no_utf8_do_no_harm(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary, 6)
    found = tokenizer(tf.constant([b"a \xff dog", b""]))
    assert tokenizer.detokenize(found) == ["a dog", ""]


def test_a_longer_text_keeps_its_end_token(vocabulary):
    ids = WordPieceTokenizer(vocabulary, 5)(["a dog " * 5000]).numpy()
    assert ids.tolist() == [[2, 4, 5, 4, 3]]


def test_shapes_and_graphs(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary, 5)
    texts = [["a dog", "a"], ["dogs", "!"]]
    expected = np.stack([tokenizer(row) for row in texts])
    assert tokenizer(texts).dtype == tf.int32
    np.testing.assert_array_equal(tokenizer(texts), expected)
    np.testing.assert_array_equal(tokenizer("a dog"), expected[0, 0])
    data = tf.data.Dataset.from_tensor_slices(texts).map(tokenizer)
    assert data.element_spec.shape == (2, 5)
    np.testing.assert_array_equal(np.stack(list(data)), expected)


def test_case_counts_where_the_model_wants_it(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary, 6, lowercase=False)
    assert tokenizer.detokenize(tokenizer(["Dog dog"])) == ["Dog dog"]
    assert tokenizer.detokenize(tokenizer(["A caf\u00e9"])) == ["[UNK] [UNK]"]


def test_config_builds_the_same_tokenizer(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary, 7, lowercase=False)
    again = WordPieceTokenizer.from_config(tokenizer.get_config())
    assert again.vocabulary == vocabulary
    np.testing.assert_array_equal(again(["Dog a"]), tokenizer(["Dog a"]))


def test_vocabulary_is_saved_one_piece_a_line(vocabulary, tmp_path):
    vocabulary.save(tmp_path / "vocabulary.txt")
    text = (tmp_path / "vocabulary.txt").read_bytes().decode()
    assert text == "\n".join(PIECES) + "\n"
    assert vocabulary.id_of("##s") == 6 and vocabulary.id_of("cat") == 1


@pytest.mark.parametrize(
    "pieces",
    [
        ["[UNK]", "[PAD]", "[CLS]", "[SEP]"],
        ["[PAD]", "[UNK]", "[CLS]"],
        [*PIECES, "dog"],
        [*PIECES, ""],
        [*PIECES, "a b"],
        [],
    ],
)
def test_what_is_no_vocabulary_is_refused(pieces):
    with pytest.raises(InputError, match="vocabulary"):
        WordPieceVocabulary(pieces)


def test_no_room_for_a_word_is_refused(vocabulary):
    with pytest.raises(InputError, match="sequence_length=2"):
        WordPieceTokenizer(vocabulary, 2)


def test_words_of_a_cased_vocabulary_may_be_decomposed():
    tokenizer = WordPieceTokenizer(
        WordPieceVocabulary([*PIECES, "Café"]), 4, lowercase=False
    )
    ids = tokenizer(["Café", "Cafe\u0301"]).numpy()
    assert ids[0].tolist() == ids[1].tolist() == [2, len(PIECES), 3, 0]


def test_unknown_words_are_those_without_pieces(vocabulary):
    tokenizer = WordPieceTokenizer(vocabulary, 4)
    texts = [["A dogs.", "Zebra, a \U0001f426!"], ["", "dog dog dog big"]]
    unknown = tokenizer.unknown_words(texts).numpy()
    expected = [[b"", "Zebra \U0001f426".encode()], [b"", b"big"]]
    assert unknown.tolist() == expected
