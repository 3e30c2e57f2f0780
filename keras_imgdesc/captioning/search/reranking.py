"""A second opinion on finished beams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError


@dataclass(frozen=True)
class Reranker:
    """Chooses among a search's captions by a weighted sum.

    What is added to a caption's score, its length-normalised log P(caption | image),
    is `weight * log P(D|I)`, P(D|I) being the matcher's over the captions of one
    picture.

    Attributes:
        matcher: an `ImageTextMatcher`, or whatever has its `score`.
        weight: 0 or more; 0 keeps the search's choice.

    Raises:
        InputError: the weight is below 0.
    """

    matcher: Any
    weight: float

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise InputError(
                "rerank_weight must be at least 0",
                "Use 0.1",
                rerank_weight=self.weight,
            )

    def choose(
        self,
        images: np.ndarray,
        captions: Sequence[Sequence[str]],
        scores: np.ndarray,
    ) -> np.ndarray:
        """The place of the chosen caption of each picture.

        Args:
            images: uint8 (images, height, width, 3).
            captions: as many for each picture; an empty one is never chosen unless
                all are.
            scores: float (images, captions), the search's.

        Returns:
            int (images,).
        """
        several = len(captions[0])
        flat = [text for row in captions for text in row]
        # Nothing can be said of an empty caption; the stand-in is discarded below.
        matched = self.matcher.embed_texts([text or "a" for text in flat])
        embedded = self.matcher.embed_images(list(images))
        found = np.stack(
            [
                self.matcher.score(
                    embedded[row : row + 1],
                    matched[row * several : (row + 1) * several],
                )[0]
                for row in range(len(images))
            ]
        )
        highest = found.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(found - highest).sum(axis=1, keepdims=True))
        totals = scores + self.weight * (found - highest - log_sum)
        is_empty = np.array([[not text for text in row] for row in captions])
        return np.where(is_empty, -np.inf, totals).argmax(axis=1)
