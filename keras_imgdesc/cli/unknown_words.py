"""Naming the words that a preset does not know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keras_imgdesc.cli.output import say


@contextmanager
def name_unknown_words(*readers: tuple[str, Any]) -> Iterator[list[str]]:
    """Print the unknown words of texts on standard error, instead of warning of them.

    Args:
        *readers: pairs of a preset and the task loaded from it, a painter or matcher.

    Yields:
        A list, to which the texts are added that have been read. Each preset then gets
        a line if it does not know all their words.
    """
    from keras_imgdesc.text.checks import accepted_unknown_words, unknown_words_message

    read: list[str] = []
    with accepted_unknown_words():
        yield read
    for preset, task in readers:
        if unknown := task.find_unknown(read):
            say(unknown_words_message(unknown, preset), err=True)
