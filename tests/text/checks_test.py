import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.text.checks import check_texts

TEXTS = ["a red bird", "eine schöne Blume"]


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, object),
        np.char.encode(TEXTS, "utf-8"),
        tf.constant(TEXTS),
        [np.array(TEXTS[0]), tf.constant(TEXTS[1])],
    ],
    ids=["list", "tuple", "iterator", "str", "object", "bytes", "tensor", "mixed"],
)
def test_texts_of_every_kind_are_a_list(texts):
    found = check_texts(texts)
    assert found == TEXTS and {type(text) for text in found} == {str}


@pytest.mark.parametrize("text", ["a dog", np.str_("a dog"), np.array("a dog")])
def test_one_text(text):
    assert check_texts(text) == ["a dog"]


@pytest.mark.parametrize(
    "texts",
    [None, b"a dog", ["a dog", 7], [" "], np.array([1, 2]), tf.constant([b"\xff"])],
)
def test_what_is_no_text_is_named(texts):
    with pytest.raises(InputError, match="must be a string with words.*text="):
        check_texts(texts)
    with pytest.raises(InputError, match="must be a text"):
        check_texts([])


@pytest.mark.parametrize("text", ["\udcff", "a red \ud800 bird"])
def test_a_text_that_is_not_unicode_is_refused(text):
    # A command line passes on a byte that is not UTF-8 as such a character.
    with pytest.raises(InputError, match=r"valid Unicode.*text=.*\\u.*position="):
        check_texts(["a dog", text])
