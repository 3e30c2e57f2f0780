"""CIDEr-D of single captions, fast enough for training."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

ORDERS = 4
# Standard deviation of the length penalty, as in the reference implementation.
SIGMA = 6.0


class CiderReward:
    """Scores captions, as lists of token ids, against the references of an image.

    The result equals pycocoevalcap's CIDEr-D of the same words, with the document
    frequencies of these references. That library scores complete corpora and counts
    the references' n-grams in every call; here they are counted once.

    Args:
        references: captions of each image, each a list of token ids. If they and the
            scored captions include the end token, a truncated caption loses n-grams.

    Reference:
        Vedantam et al., "CIDEr", https://arxiv.org/abs/1411.5726
    """

    def __init__(self, references: Sequence[Sequence[Sequence[int]]]) -> None:
        frequency: Counter[tuple[int, ...]] = Counter()
        for captions in references:
            frequency.update(set().union(*(_ngrams(c).keys() for c in captions)))
        documents = math.log(len(references))
        self._weights = {
            gram: documents - math.log(count) for gram, count in frequency.items()
        }
        # An n-gram of no reference weighs as much as one of a single image.
        self._unknown = documents
        self._references = [[self._vector(c) for c in r] for r in references]

    def __call__(self, image: int, caption: Sequence[int]) -> float:
        """Return the CIDEr-D of a caption, from 0 to 10.

        Args:
            image: index of its image in the references.
            caption: token ids.
        """
        vector, norms, length = self._vector(caption)
        references = self._references[image]
        total = 0.0
        for other, other_norms, other_length in references:
            products = np.zeros(ORDERS)
            for gram, value in vector.items():
                if gram in other:
                    weight = other[gram]
                    products[len(gram) - 1] += min(value, weight) * weight
            scale: np.ndarray = norms * other_norms
            similarity = products[scale > 0] / scale[scale > 0]
            penalty = np.exp(-((length - other_length) ** 2) / (2 * SIGMA**2))
            total += float(similarity.sum()) * penalty
        return 10.0 * total / (ORDERS * len(references))

    def _vector(self, caption: Sequence[int]) -> tuple[dict[Any, float], Any, int]:
        """Return the weighted n-grams, their norm per order, and the length."""
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
