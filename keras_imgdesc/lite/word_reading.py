"""Texts to words without TensorFlow, as `text.standardize` has them."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\uff07`\u00b4]")
_UNSEEN = re.compile("[\u00ad\u200c\u200d\ufe00-\ufe0f]")


def read_words(text: str) -> list[str]:
    """The words of a text: lower case, apostrophes dropped, marks between words gone.

    Example:

    >>> from keras_imgdesc.lite.word_reading import read_words
    >>> read_words("A man's T-shirt, 2 dogs!")
    ['a', 'mans', 't', 'shirt', '2', 'dogs']
    """
    # Of the dotted capital I, lower() makes two characters.
    text = text.replace("\u0130", "i").lower()
    text = _UNSEEN.sub("", _APOSTROPHES.sub("", text))
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Me":
            continue
        kept.append(character if category[0] in "LMN" else " ")
    words = []
    for word in "".join(kept).split(" "):
        # A mark needs a letter to be on.
        while word and unicodedata.category(word[0])[0] == "M":
            word = word[1:]
        if word:
            words.append(word)
    return words
