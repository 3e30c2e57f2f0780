"""What a text encoder gives for texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TextEmbeddings:
    """Embeddings of texts, one row each.

    Attributes:
        sentences: float32 (texts, embedding_dim).
        words: float32 (texts, words, embedding_dim).
        padding_mask: bool (texts, words), True where there is a word.
    """

    sentences: np.ndarray
    words: np.ndarray
    padding_mask: np.ndarray

    def __len__(self) -> int:
        return len(self.sentences)
