"""Checks of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.errors import InputError


def check_texts(texts: str | Sequence[str]) -> list[str]:
    """Return the texts as a list.

    Args:
        texts: one text or several.

    Raises:
        InputError: there is no text, or one is empty or not a string.
    """
    several = [texts] if isinstance(texts, str) else list(texts)
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
    return several


def check_known(
    texts: Sequence[str],
    token_ids: np.ndarray,
    tokens: Sequence[str],
    special: Sequence[int],
) -> None:
    """Refuse a text without a known word.

    Args:
        texts: the texts.
        token_ids: int32 (texts, words), the token ids of the texts.
        tokens: the vocabulary.
        special: ids that are not words: padding, start, end and the unknown word.

    Raises:
        InputError: a text has no known word.
    """
    for text, ids in zip(texts, token_ids, strict=True):
        if np.isin(ids, special).all():
            known = [t for i, t in enumerate(tokens) if i not in special]
            raise InputError(
                "A text must have a word that the painter knows",
                f"Use some of its {len(known)} words, for example {known[:40]}",
                text=text,
            )
