"""Saying how many texts are cut, because they are longer than a tokenizer allows."""

from __future__ import annotations

import logging
from typing import Any

LOGGER = logging.getLogger(__name__)
SHORTEN = "the words after that are not read; write shorter texts"


def warn_of_cut(
    tokenizer: Any,
    texts: Any,
    kind: str = "training captions",
    remedy: str = "a larger sequence_length keeps them whole",
) -> int:
    """Log how many texts a tokenizer cuts, if it cuts any.

    Args:
        tokenizer: a `CaptionTokenizer` or a `WordPieceTokenizer`.
        texts: strings of any shape, as a tensor or (nested) list.
        kind: what the texts are, in the plural.
        remedy: what keeps them whole.

    Returns:
        The number of texts that are cut.

    Example:

    >>> from keras_imgdesc.text import CaptionTokenizer, Vocabulary
    >>> from keras_imgdesc.text.cut_texts import warn_of_cut
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "dog"]), sequence_length=4)
    >>> warn_of_cut(tokenizer, ["a dog", "a dog on a sofa"])
    1
    """
    count, total = tokenizer.count_cut(texts)
    say_cut(count, total, tokenizer.sequence_length, kind, remedy)
    return count


def say_cut(count: int, total: int, length: int, kind: str, remedy: str) -> None:
    """Log how many texts are cut, if any are.

    Args:
        count: number of texts that are cut.
        total: number of all.
        length: tokens that a text may have.
        kind, remedy: see `warn_of_cut`.
    """
    if count:
        LOGGER.warning(
            "%d of %d %s (%.2f %%) are longer than %d tokens and are cut: %s",
            *(count, total, kind, 100 * count / total, length, remedy),
        )
