"""Saying how many words of the captions to train on a tokenizer does not know."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.text.checks import special_ids, unknown_words_message
from keras_imgdesc.text.standardization import standardize

# Some rare words are unknown as a rule.
_FEW = 0.1


def check_known_words(tokenizer: Any, texts: Any, task: str) -> float:
    """Warn of captions with many unknown words, and refuse those without a known one.

    Args:
        tokenizer: a `CaptionTokenizer` or a `WordPieceTokenizer`; another one, which
            cannot name unknown words, is not asked.
        texts: strings of any shape, as a tensor or (nested) list.
        task: what is trained, such as "matcher".

    Returns:
        The share of words that are unknown, from 0 to 1.

    Raises:
        InputError: no text has a known word.

    Warns:
        UnknownWordsWarning: more than a tenth of the words are unknown.

    Example:

    >>> from keras_imgdesc.text import CaptionTokenizer, Vocabulary
    >>> from keras_imgdesc.text.known_words import check_known_words
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "dog"]), sequence_length=16)
    >>> check_known_words(tokenizer, ["a dog", "a dog, a dog, a dog, a cat"], "matcher")
    0.1
    """
    if not hasattr(tokenizer, "unknown_words"):
        return 0.0
    texts = tf.reshape(tf.convert_to_tensor(texts, tf.string), (-1,))
    if not len(texts):
        return 0.0
    found = tokenizer.unknown_words(texts).numpy()
    unknown = b" ".join(found).decode("utf-8", "replace").split()
    named = list(dict.fromkeys(unknown))
    if np.isin(tokenizer(texts), special_ids(tokenizer.vocabulary)).all():
        raise InputError(
            f"Some captions must have a word that the {task} knows",
            f"Train a {task} whose vocabulary is made of these captions, as by "
            "Vocabulary.build",
            captions=len(texts),
            unknown=named[:20],
        )
    words = tf.strings.split(getattr(tokenizer, "standardize", standardize)(texts))
    share = min(len(unknown) / max(len(words.flat_values), 1), 1.0)
    if share > _FEW:
        warnings.warn(
            f"{100 * share:.1f} % of the words of the captions are unknown. "
            f"{unknown_words_message(named, f'the {task}')}",
            UnknownWordsWarning,
            stacklevel=4,
        )
    return share
