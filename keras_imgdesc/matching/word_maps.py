"""Where a matcher finds the words of a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class WordMaps:
    """A map of the picture for each word.

    Attributes:
        text: the words, separated by spaces; a word the matcher does not know is
            `[UNK]`.
        attention: float32 (words, rows, columns), where it looked; each sums to 1.
        similarities: float32 (words,), cosine of the word and what it looked at.
    """

    text: str
    attention: np.ndarray
    similarities: np.ndarray

    @property
    def words(self) -> list[str]:
        """The words, in the order of the maps."""
        return self.text.split()
