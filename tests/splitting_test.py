"""Words of scripts without spaces."""

import unicodedata
import warnings

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.splitting import (
    UNSPACED,
    UnsplitCaptions,
    check_split,
    is_unspaced,
    join_words,
    split_characters,
    words_of,
)

TEXTS = {
    "两只dog在跑": ["两", "只", "dog", "在", "跑"],
    "コーヒーを飲む": ["コ", "ー", "ヒ", "ー", "を", "飲", "む"],
    "แมวที่นี่": ["แ", "ม", "ว", "ที่", "นี่"],
    "a red 狗 runs": ["a", "red", "狗", "runs"],
    "größe 개 हिन्दी": ["größe", "개", "हिन्दी"],
    "狗[UNK]跑 [UNK] a": ["狗", "[UNK]", "跑", "[UNK]", "a"],
}


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_joined_and_found_again(text):
    words = TEXTS[text]
    joined = join_words(words, "characters")
    assert words_of(joined, "characters") == words
    if "[UNK]" not in words:
        assert split_characters(text.split()) == words
    spaces = " " in joined
    assert spaces == any(
        not is_unspaced(a[0]) and not is_unspaced(b[0])
        for a, b in zip(words, words[1:])
    )
    assert join_words(words) == " ".join(words)
    assert words_of(" ".join(words)) == words


def test_the_table_is_sorted_and_has_no_marks():
    ends = [end for ends in UNSPACED for end in ends]
    assert ends == sorted(ends)
    codes = [c for first, last in UNSPACED for c in range(first, last + 1)]
    categories = {unicodedata.category(chr(code))[0] for code in codes}
    assert categories <= {"L", "N", "C"}  # C: not assigned yet
    assert not is_unspaced("") and not is_unspaced("a") and not is_unspaced("개")


def test_other_ways_to_split_are_refused():
    with pytest.raises(InputError, match="'characters' for Chinese.*"):
        check_split("letters")


@pytest.mark.parametrize(
    ("captions", "is_unsplit"),
    [
        (["一只狗在跑", "两只猫"], True),
        (["一只棕色的狗在草地上奔跑 旁边有人", "两只猫"], True),
        (["一只 狗 在 跑", "两只 猫"], False),
        (["dog", "cat"], False),
        (["größe", "개가달린다"], False),
        (["狗"], False),
        ([""], False),
    ],
)
def test_captions_that_are_not_split_are_noticed(captions, is_unsplit):
    counted = UnsplitCaptions()
    for text in captions:
        counted.add(text, text.split())
    if is_unsplit:
        with pytest.warns(UserWarning, match='2 of 2 captions.*split="characters"'):
            counted.warn()
    else:
        with warnings.catch_warnings(action="error"):
            counted.warn()
