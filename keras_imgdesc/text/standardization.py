"""Splitting texts into words, in TensorFlow operations.

Vocabulary, tokenizer and SavedModel all call `standardize`: the words that are counted
in training are the words that are looked up in serving.
"""

from __future__ import annotations

import tensorflow as tf

from keras_imgdesc.splitting import UNSPACED
from keras_imgdesc.text.normalization import compose

# In this order. RE2 has no look-around, so combining marks take separate steps: a vowel
# sign of Hindi belongs to its word, the variation selector of an emoji does not.
_REPLACEMENTS = (
    # ICU lower-cases by the locale of the process: in a Turkish one, "I" becomes a
    # dotless i. ASCII is lower-cased without ICU, which leaves this letter only.
    ("\u0130", "i"),
    # Apostrophes, soft hyphen, zero-width joiners, emoji presentation: no boundary.
    (r"['\x{2018}\x{2019}\x{02BC}\x{FF07}`\x{00B4}]", ""),
    (r"[\x{00AD}\x{200C}\x{200D}\x{FE00}-\x{FE0F}\p{Me}]", ""),
    (r"[^\p{L}\p{M}\p{N}]+", " "),
    (r"(^| )\p{M}+", " "),
    (r" +", " "),
)
_UNSPACED = "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in UNSPACED)
_CHARACTER = rf"([{_UNSPACED}]\p{{M}}*)"


def standardize(texts: tf.Tensor | list[str] | str, split: str = "words") -> tf.Tensor:
    """Convert texts to lower-case words separated by single spaces.

    Every character that is neither a letter nor a number of some script separates
    words, except apostrophes, which are removed: "man's" becomes "mans". Bytes that
    are not UTF-8 separate words, too. The function is idempotent. Its results are in
    Unicode's form NFC, and texts that differ by their form only are equal.

    Args:
        texts: strings of any shape, as a tensor or (nested) list.
        split: `"words"`, or `"characters"`, which also separates each letter, with its
            marks, of scripts without spaces: Chinese, Japanese, Thai, Lao, Burmese,
            Khmer.

    Returns:
        A string tensor of the same shape.

    Example:

    >>> from keras_imgdesc.text.standardization import standardize
    >>> standardize("A man's T-shirt, 2 dogs!").numpy().decode()
    'a mans t shirt 2 dogs'
    """
    texts = tf.convert_to_tensor(texts, dtype=tf.string)
    # Control characters go first: lower-casing ends a text at a zero byte.
    texts = tf.strings.unicode_transcode(
        texts,
        "UTF-8",
        "UTF-8",
        errors="replace",
        replacement_char=ord(" "),
        replace_control_characters=True,
    )
    texts = tf.strings.lower(compose(texts))
    pattern, replacement = _REPLACEMENTS[0]
    texts = tf.strings.regex_replace(texts, pattern, replacement)
    texts = tf.strings.lower(texts, encoding="utf-8")
    for pattern, replacement in _REPLACEMENTS[1:]:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    # A lower-case letter may have a composed form that its capital lacks.
    texts = compose(texts)
    if split == "characters":
        texts = tf.strings.regex_replace(texts, _CHARACTER, r" \1 ")
        texts = tf.strings.regex_replace(texts, " +", " ")
    return tf.strings.strip(texts)


def standardize_list(texts: list[str], split: str = "words") -> list[str]:
    """Apply `standardize` to a list of strings and return a list of strings."""
    return [text.decode("utf-8") for text in standardize(texts, split).numpy()]


def join_in_graph(texts: tf.Tensor, split: str = "words") -> tf.Tensor:
    """Remove the spaces that `splitting.join_words` does not write.

    Args:
        texts: strings of any shape, of words separated by spaces.
        split: how the words were split.
    """
    if split == "words":
        return texts
    return tf.strings.regex_replace(texts, f" ?{_CHARACTER} ?", r"\1")
