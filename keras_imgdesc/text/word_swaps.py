"""Captions with one mistake."""

from __future__ import annotations

import re
from collections.abc import Sequence


class WordSwaps:
    """Make wrong captions of right ones by changing or exchanging phrases.

    A phrase is replaced by another one of its kind: a red circle becomes a blue circle.
    Two different phrases of a kind are also exchanged: "a red circle above a blue
    star" becomes "a blue circle above a red star".

    Args:
        kinds: lists of phrases that exclude each other, such as colours. Where several
            phrases match, the longest counts.

    Example:

    >>> from keras_imgdesc.text.word_swaps import WordSwaps
    >>> swaps = WordSwaps([["red", "blue"], ["circle", "star"]])
    >>> for wrong in swaps("a red circle and a blue star"):
    ...     print(wrong)
    a blue circle and a blue star
    a red star and a blue star
    a red circle and a red star
    a red circle and a blue circle
    a blue circle and a red star
    a red star and a blue circle
    """

    def __init__(self, kinds: Sequence[Sequence[str]]) -> None:
        self.kinds = [list(kind) for kind in kinds]
        self._kind_of = {
            phrase: number for number, kind in enumerate(kinds) for phrase in kind
        }
        longest_first = sorted(self._kind_of, key=len, reverse=True)
        choices = "|".join(re.escape(phrase) for phrase in longest_first)
        self._pattern = re.compile(rf"\b(?:{choices})\b")

    def __call__(self, caption: str) -> list[str]:
        """Return all captions that differ by one change, without duplicates.

        Args:
            caption: the right caption, of lower-case words.
        """
        return list(dict.fromkeys(self.replaced(caption) + self.exchanged(caption)))

    def replaced(self, caption: str) -> list[str]:
        """Return the captions in which one phrase is replaced."""
        wrong: dict[str, None] = {}
        for match in self._find(caption):
            for phrase in self.kinds[self._kind_of[match.group()]]:
                wrong[_replaced(caption, [(match, phrase)])] = None
        wrong.pop(caption, None)
        return list(wrong)

    def exchanged(self, caption: str) -> list[str]:
        """Return the captions in which two phrases are exchanged."""
        found = self._find(caption)
        wrong: dict[str, None] = {}
        for index, first in enumerate(found):
            for second in found[index + 1 :]:
                kinds = {self._kind_of[m.group()] for m in (first, second)}
                if len(kinds) == 1:
                    pair = [(first, second.group()), (second, first.group())]
                    wrong[_replaced(caption, pair)] = None
        wrong.pop(caption, None)
        return list(wrong)

    def _find(self, caption: str) -> list[re.Match[str]]:
        return list(self._pattern.finditer(caption)) if self._kind_of else []


def _replaced(caption: str, changes: list[tuple[re.Match[str], str]]) -> str:
    parts, end = [], 0
    for match, phrase in changes:
        parts += [caption[end : match.start()], phrase]
        end = match.end()
    return "".join([*parts, caption[end:]])
