"""Choice among the beams of a search by a matcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError


@dataclass(frozen=True)
class Reranker:
    """Choose among the captions of a search by the search's and a matcher's score.

    The weighted sum is the caption's length-normalized log P(caption | image) plus
    `weight * log P(D|I)`, where the matcher's P(D|I) is over the captions of one image.

    Attributes:
        matcher: an `ImageTextMatcher`, or any object with its methods `embed_images`,
            `embed_texts` and `score`.
        weight: weight of the matcher, 0 or more; 0 keeps the choice of the search.

    Raises:
        InputError: the weight is negative.
    """

    matcher: Any
    weight: float

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise InputError(
                "rerank_weight must be at least 0",
                "Use for example 0.1",
                rerank_weight=self.weight,
            )

    def choose(
        self,
        images: np.ndarray,
        captions: Sequence[Sequence[str]],
        scores: np.ndarray,
    ) -> np.ndarray:
        """Return the index of the chosen caption of each image, int (images,).

        Args:
            images: uint8 (images, height, width, 3).
            captions: the same number of captions per image. An empty one is chosen only
                if all are empty.
            scores: float (images, captions), scores of the search. That of a beam which
                is not a caption is so low that it is never chosen; see `SearchResult`.
        """
        beams = len(captions[0])
        flat = [text for row in captions for text in row]
        # A matcher refuses empty texts; the score of the stand-in is discarded below.
        matched = self.matcher.embed_texts(
            [text or "a" for text in flat], allow_unknown=True
        )
        embedded = self.matcher.embed_images(list(images))
        matches = np.stack(
            [
                self.matcher.score(
                    embedded[row : row + 1],
                    matched[row * beams : (row + 1) * beams],
                )[0]
                for row in range(len(images))
            ]
        )
        highest = matches.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(matches - highest).sum(axis=1, keepdims=True))
        totals = scores + self.weight * (matches - highest - log_sum)
        is_empty = np.array([[not text for text in row] for row in captions])
        return np.where(is_empty, -np.inf, totals).argmax(axis=1)
