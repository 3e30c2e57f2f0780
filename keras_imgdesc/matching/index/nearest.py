"""The arithmetic of an exact search."""

from __future__ import annotations

import numpy as np

# With fewer queries, one product per query is faster than one matrix product.
_FEW_QUERIES = 8


def dot_products(queries: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return dot products, float32 (queries, vectors)."""
    if len(queries) < _FEW_QUERIES:
        # Limited by memory bandwidth. A matrix product would start its threads for each
        # shard, which takes longer than the product.
        return np.stack([np.vecdot(block, query) for query in queries])
    return queries @ block.T


def largest(values: np.ndarray, k: int) -> np.ndarray:
    """Return indices of the k largest values, ascending; the first of equal ones."""
    if len(values) <= k:
        return np.arange(len(values))
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > limit)
    equal = np.flatnonzero(values == limit)[: k - len(above)]
    return np.sort(np.concatenate([above, equal]))
