"""CIDEr-D of single captions, fast enough to train on."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

ORDERS = 4
# Standard deviation of the length penalty, as in the reference implementation.
SIGMA = 6.0


class CiderReward:
    """Scores captions, as lists of token ids, against the references of a picture.

    Equal to pycocoevalcap's CIDEr-D of the same words, whose document frequencies are
    those of the references given. The libraries score whole corpora and count the
    references' n-grams again for every call; here that is done once.

    Args:
        references: for each picture its captions, each a list of token ids. With the
            end token in them and in the captions, one that breaks off loses n-grams.

    Reference:
        Vedantam et al., "CIDEr", https://arxiv.org/abs/1411.5726
    """

    def __init__(self, references: Sequence[Sequence[Sequence[int]]]) -> None:
        frequency: Counter[tuple[int, ...]] = Counter()
        for captions in references:
            frequency.update(set().union(*(_ngrams(c).keys() for c in captions)))
        pictures = math.log(len(references))
        self._weights = {
            gram: pictures - math.log(count) for gram, count in frequency.items()
        }
        # An n-gram of no reference weighs as much as one of a single picture's.
        self._unknown = pictures
        self._references = [[self._vector(c) for c in r] for r in references]

    def __call__(self, picture: int, caption: Sequence[int]) -> float:
        """CIDEr-D of a caption, 0 to 10.

        Args:
            picture: place among the references.
            caption: token ids.
        """
        vector, norms, length = self._vector(caption)
        references = self._references[picture]
        total = 0.0
        for other, other_norms, other_length in references:
            products = np.zeros(ORDERS)
            for gram, value in vector.items():
                if gram in other:
                    wanted = other[gram]
                    products[len(gram) - 1] += min(value, wanted) * wanted
            scale: np.ndarray = norms * other_norms
            similarity = products[scale > 0] / scale[scale > 0]
            penalty = np.exp(-((length - other_length) ** 2) / (2 * SIGMA**2))
            total += float(similarity.sum()) * penalty
        return 10.0 * total / (ORDERS * len(references))

    def _vector(self, caption: Sequence[int]) -> tuple[dict[Any, float], Any, int]:
        """Weighted n-grams, their norm for each order, and the length."""
        vector: dict[Any, float] = {}
        squares = np.zeros(ORDERS)
        for gram, count in _ngrams(caption).items():
            value = count * self._weights.get(gram, self._unknown)
            vector[gram] = value
            squares[len(gram) - 1] += value**2
        # The reference implementation measures length in bigrams.
        return vector, np.sqrt(squares), max(0, len(caption) - 1)


def _ngrams(caption: Sequence[int]) -> Counter[tuple[int, ...]]:
    words = tuple(int(word) for word in caption)
    return Counter(
        words[start : start + order]
        for order in range(1, ORDERS + 1)
        for start in range(len(words) - order + 1)
    )
