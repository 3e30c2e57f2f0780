"""What a text must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.errors import InputError


def check_texts(texts: str | Sequence[str]) -> list[str]:
    """The texts as a list.

    Raises:
        InputError: there is no text, or one is empty or no string.
    """
    several = [texts] if isinstance(texts, str) else list(texts)
    if not several:
        raise InputError(
            "There must be a text", "Pass a string or a list of them", texts=texts
        )
    for index, text in enumerate(several):
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                "A text must be a string with words in it",
                "Write what the picture should show",
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
    """Refuses a text of which no word is known.

    Args:
        texts: the texts.
        token_ids: int32 (texts, words), of them.
        tokens: the vocabulary.
        special: ids that are no words: of padding, start, end and what is unknown.

    Raises:
        InputError: of a text no word is known.
    """
    for text, ids in zip(texts, token_ids, strict=True):
        if np.isin(ids, special).all():
            known = [t for i, t in enumerate(tokens) if i not in special]
            raise InputError(
                "A text must have a word that the painter knows",
                f"It knows {len(known)} words, for example {known[:40]}",
                text=text,
            )
