"""Checks of texts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError, UnknownWordsWarning
from keras_imgdesc.printable import printable

# What a BERT's vocabulary has beside whole words.
_NOT_WORDS = ("[", "##")
_MOST_NAMED = 20


def check_texts(texts: str | Sequence[str]) -> list[str]:
    """Return the texts as a list.

    Args:
        texts: one text or several, also an array or a tensor of strings.

    Raises:
        InputError: there is no text, or one is empty, not a string, or not valid
            Unicode.
    """
    several = list_texts(texts)
    if not several:
        raise InputError(
            "There must be a text", "Pass a string or a list of strings", texts=texts
        )
    for index, text in enumerate(several):
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                "A text must be a string with words in it",
                "Write what the image shows",
                text=text,
                index=index,
            )
        check_unicode(text=text)
    return several


def check_unicode(**texts: str) -> None:
    """Refuse texts with bytes that are no text, as a command line may pass them on.

    Args:
        **texts: texts by name.

    Raises:
        InputError: a text has a lone surrogate, which cannot be encoded as UTF-8.
    """
    for name, text in texts.items():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                "A text must be valid Unicode",
                "Write it in UTF-8, or leave out the characters that are none",
                **{name: text},
                position=error.start,
            ) from None


def is_one_text(texts: Any) -> bool:
    """Return whether texts are one: a string, or an array or tensor without axes."""
    return isinstance(texts, str) or (
        hasattr(texts, "__array__") and np.asarray(texts).ndim == 0
    )


def list_texts(texts: Any) -> list[Any]:
    """Return one text or several, also an array or a tensor of them, as a list."""
    if isinstance(texts, str | bytes):
        return [texts]
    if not hasattr(texts, "__array__"):
        # What is not iterable is named as a text that is none.
        several = list(texts) if isinstance(texts, Iterable) else [texts]
        return [list_texts(text)[0] if is_one_text(text) else text for text in several]
    several = np.asarray(texts).ravel().tolist()
    return [_decoded(text) if isinstance(text, bytes) else text for text in several]


def _decoded(text: bytes) -> str | bytes:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text


def check_known(
    texts: Sequence[str],
    token_ids: np.ndarray,
    tokens: Sequence[str],
    special: Sequence[int],
    task: str,
) -> None:
    """Refuse a text without a known word.

    Args:
        texts: the texts.
        token_ids: int32 (texts, words), the token ids of the texts.
        tokens: the vocabulary.
        special: ids that are not words: padding, start, end and the unknown word.
        task: what reads the texts, such as "painter".

    Raises:
        InputError: a text has no known word.
    """
    for text, ids in zip(texts, token_ids, strict=True):
        if np.isin(ids, special).all():
            known = [
                token
                for index, token in enumerate(tokens)
                if index not in special and not token.startswith(_NOT_WORDS)
            ]
            raise InputError(
                f"A text must have a word that the {task} knows",
                f"Use some of its {len(known)} words, for example {known[:40]}",
                text=text,
            )


def special_ids(vocabulary: Any) -> list[int]:
    """Return the ids that are not words: padding, start, end and the unknown word."""
    names = ("pad_id", "start_id", "end_id", "unk_id")
    return [getattr(vocabulary, name) for name in names]


def warn_of_unknown(words: Sequence[str], task: str) -> None:
    """Warn of words that are not in a vocabulary.

    Args:
        words: the words; without any there is no warning.
        task: whose vocabulary it is, such as "the painter".
    """
    if words:
        message = unknown_words_message(words, task)
        warnings.warn(message, UnknownWordsWarning, stacklevel=4)


def accepted_unknown_words() -> AbstractContextManager[None]:
    """Return a context without warnings of unknown words.

    For the captions of a data set, of which rare words are unknown as a rule.
    """
    return warnings.catch_warnings(action="ignore", category=UnknownWordsWarning)


def unknown_words_message(words: Sequence[str], owner: str) -> str:
    """Name words that are not in a vocabulary, in one printable line.

    Args:
        words: the words, at least one. Of many, the first are named.
        owner: whose vocabulary it is: a task or a preset.
    """
    more = len(words) - _MOST_NAMED
    named = ", ".join(words[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return printable(f"Not in the vocabulary of {owner}: {named}")
