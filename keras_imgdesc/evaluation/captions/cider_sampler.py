"""CIDEr-D of many resamples of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.evaluation.captions.requirements import import_package

ORDERS = 4
# Standard deviation of the length penalty, as in the reference implementation.
SIGMA = 6.0
# Largest number of weights held at a time: 64 MB.
_LARGEST_BLOCK = 1 << 23

# How often each n-gram occurs in a text, by its order (from 0) and its number.
_Counts = Mapping[tuple[int, int], int]


class CiderSampler:
    """Compute CIDEr-D of resampled images, each with its own document frequencies.

    The numbers are those of pycocoevalcap for a corpus in which an image occurs as
    often as it is drawn. All sums of CIDEr-D are linear in the squared weights of the
    n-grams: a weight w is not negative, so the clipped product of two vectors is the
    sum of min(c, r) * r * w**2. The counts are put into sparse matrices once, and a
    resample is a product with its squared weights.

    Args:
        captions: captions as words separated by spaces, one per image.
        references: references as words separated by spaces, one or more per image.

    Raises:
        InputError: scipy is not installed.
    """

    def __init__(
        self, captions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> None:
        self._sparse = import_package("scipy.sparse")
        self._numbers: dict[tuple[str, ...], int] = {}
        own = [self._count(caption) for caption in captions]
        owners = [image for image, texts in enumerate(references) for _ in texts]
        others = [self._count(text) for texts in references for text in texts]
        pairs = [(own[image], other) for image, other in zip(owners, others)]

        # === Counts of n-grams ===
        documents: list[dict[int, float]] = [{} for _ in own]
        for image, other in zip(owners, others):
            documents[image] |= {number: 1.0 for _, number in other}
        self._documents = self._matrix(documents)
        self._own_squares = self._by_order(
            [{gram: count**2 for gram, count in text.items()} for text in own]
        )
        self._other_squares = self._by_order(
            [{gram: count**2 for gram, count in text.items()} for text in others]
        )
        self._products = self._by_order(
            [
                {gram: min(a[gram], b[gram]) * b[gram] for gram in a.keys() & b.keys()}
                for a, b in pairs
            ]
        )

        # === Pairs of a caption and a reference ===
        self._owners = np.array(owners)
        gaps = np.array([_length(a) - _length(b) for a, b in pairs], float)
        sizes = np.array([len(texts) for texts in references])[self._owners]
        self._factors = 10 * np.exp(-(gaps**2) / (2 * SIGMA**2)) / (ORDERS * sizes)

    def __call__(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return `cider_d` of each resample, float64 `(resamples,)`.

        Args:
            counts: how often each image is drawn, int `(resamples, images)`.
        """
        rows = max(1, _LARGEST_BLOCK // max(1, len(self._numbers)))
        parts = [
            self._block(counts[start : start + rows])
            for start in range(0, len(counts), rows)
        ]
        return {"cider_d": np.concatenate(parts)}

    def _block(self, counts: np.ndarray) -> np.ndarray:
        total = counts.sum(axis=1)
        frequency = np.maximum(1, self._documents.T @ counts.T)
        squared = (np.log(total) - np.log(frequency)) ** 2

        def per_order(matrix: Any) -> np.ndarray:
            found: np.ndarray = (matrix @ squared).reshape(-1, ORDERS, len(counts))
            return found

        norms = np.sqrt(per_order(self._own_squares))[self._owners]
        norms *= np.sqrt(per_order(self._other_squares))
        cosines = per_order(self._products)
        np.divide(cosines, norms, out=cosines, where=norms > 0)
        of_pairs = cosines.sum(axis=1) * self._factors[:, None]
        found: np.ndarray = (of_pairs * counts.T[self._owners]).sum(axis=0) / total
        return found

    def _count(self, text: str) -> _Counts:
        words = text.split()
        found: Counter[tuple[int, int]] = Counter()
        for order in range(ORDERS):
            for start in range(len(words) - order):
                gram = tuple(words[start : start + order + 1])
                number = self._numbers.setdefault(gram, len(self._numbers))
                found[order, number] += 1
        return found

    def _by_order(self, texts: Sequence[_Counts]) -> Any:
        """Return `(texts * ORDERS, n-grams)`: a row for each order of each text."""
        rows: list[dict[int, float]] = [{} for _ in range(ORDERS * len(texts))]
        for index, text in enumerate(texts):
            for (order, number), value in text.items():
                rows[ORDERS * index + order][number] = value
        return self._matrix(rows)

    def _matrix(self, rows: Sequence[Mapping[int, float]]) -> Any:
        columns = [number for row in rows for number in row]
        values = np.array([value for row in rows for value in row.values()], float)
        ends = np.cumsum([0, *(len(row) for row in rows)])
        shape = (len(rows), max(1, len(self._numbers)))
        return self._sparse.csr_array((values, columns, ends), shape)


def _length(text: _Counts) -> int:
    """Return the number of bigrams, by which the reference implementation measures."""
    return sum(count for (order, _), count in text.items() if order == 1)
