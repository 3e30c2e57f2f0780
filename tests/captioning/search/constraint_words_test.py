"""Words to constraints, and the errors of words that cannot be obeyed."""

import numpy as np
import pytest

from keras_imgdesc.captioning import GenerationSettings
from keras_imgdesc.captioning.search.constraint_words import constraints_of_words
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import Vocabulary

VOCABULARY = Vocabulary(["a", "photo", "of", "dog", "dogs", "mans", "t", "shirt"])


def constraints(max_length=6, **words):
    return constraints_of_words(
        VOCABULARY, GenerationSettings(3, 0.8, max_length, **words)
    )


def test_words_are_standardized():
    found = constraints(
        prefix="A photo, of", require=["DOG", "dog", "man's"], avoid=["Shirt!", "zebra"]
    )
    assert found.prefix.tolist() == [4, 5, 6, -1, -1, -1]
    assert found.require.tolist() == [7, 9]
    assert np.flatnonzero(found.avoid).tolist() == [11]
    assert found.avoid.min() == -1e9


def test_no_words_are_no_constraints():
    assert constraints() is None
    assert constraints(prefix="", require=[], avoid=()) is None


def test_a_word_of_the_prefix_counts_as_contained():
    assert constraints(3, prefix="a photo of", require=["photo"]) is not None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"prefix": "a foto of"}, ["prefix", "foto", "Instead of 'foto', use photo."]),
        (
            {"require": ["dogg"]},
            ["require", "dogg", "Instead of 'dogg', use dog or dogs."],
        ),
        ({"prefix": "a \udcff"}, ["valid Unicode", "prefix='a \\udcff'"]),
        ({"require": ["dog", "\ud800"]}, ["valid Unicode", "require="]),
        ({"require": ["xyzzy"]}, ["unknown=['xyzzy']", "Use words of captioner."]),
        ({"require": ["[UNK]"]}, ["unk", "captioner.vocabulary"]),
        ({"prefix": "?!"}, ["must have a word", "?!"]),
        ({"require": ["t-shirt"]}, ["one word", "t-shirt"]),
        ({"avoid": ["a dog"]}, ["one word", "a dog"]),
        ({"avoid": [""]}, ["one word"]),
        ({"require": ["dog"], "avoid": ["Dog", "a"]}, ["require", "avoided", "dog"]),
        ({"prefix": "a photo", "avoid": ["photo"]}, ["prefix", "avoided", "photo"]),
        ({"prefix": "a a a a a a a"}, ["max_length=6", "a a a"]),
        (
            {"prefix": "a photo of a dog", "require": ["dogs", "shirt"]},
            ["max_length=6", "shirt"],
        ),
    ],
    ids=str,
)
def test_words_that_cannot_be_obeyed_are_refused(words, named):
    with pytest.raises(InputError) as error:
        constraints(**words)
    for text in named:
        assert text in str(error.value)


def test_words_may_be_characters():
    vocabulary = Vocabulary(["一", "只", "狗"])
    settings = GenerationSettings(max_length=4, prefix="一只", require=["狗"])
    found = constraints_of_words(vocabulary, settings, "characters")
    assert found.prefix.tolist() == [4, 5, -1, -1]
    with pytest.raises(InputError, match="unknown=\\['一只'\\]"):
        constraints_of_words(vocabulary, settings)
