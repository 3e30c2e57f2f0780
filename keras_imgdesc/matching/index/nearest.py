"""The arithmetic of an exact search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

# With fewer queries, one product per query is faster than one matrix product.
_FEW_QUERIES = 8


class NotFiniteError(ValueError):
    """A vector is not finite.

    Args:
        shard: number of its shard.
    """

    def __init__(self, shard: int) -> None:
        super().__init__(shard)
        self.shard = shard


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


def nearest_rows(
    queries: np.ndarray,
    blocks: Iterable[tuple[int, int, np.ndarray]],
    outdated: Sequence[np.ndarray],
    k: int,
) -> list[np.ndarray]:
    """Find the vectors of shards that are most similar to each query.

    Args:
        queries: float32 (queries, dim).
        blocks: number of a shard, first row and vectors, float32 (rows, dim).
        outdated: rows of each shard that do not count, int (rows,).
        k: largest number of vectors per query.

    Returns:
        Similarity, shard and row of those of each query, float64 (3, hits), the most
        similar first; among equal ones, in the order of the blocks.
    """
    best = [np.empty((3, 0), np.float64) for _ in queries]
    worst = np.full((len(queries), 1), -np.inf, np.float32)
    for shard, start, block in blocks:
        similarities = dot_products(queries, block)
        # The largest of some values is not a number if one of them is none.
        if not np.isfinite(similarities.max()):
            raise NotFiniteError(shard)
        missing = outdated[shard] - start
        inside = missing[(missing >= 0) & (missing < len(block))]
        similarities[:, inside] = -np.inf
        # After the first blocks, few are better than the hits so far.
        flat = np.flatnonzero(similarities > worst)
        which, rows = np.divmod(flat, similarities.shape[1])
        # In ascending order. `np.unique` would import masked arrays.
        for query in which[np.flatnonzero(np.diff(which, prepend=-1))]:
            left, right = np.searchsorted(which, [query, query + 1])
            better = rows[left:right]
            values = similarities[query, better]
            chosen = largest(values, k)
            places = np.full(len(chosen), shard), start + better[chosen]
            found = np.concatenate([best[query], [values[chosen], *places]], axis=1)
            order = np.argsort(-found[0], kind="stable")[:k]
            best[query] = found[:, order]
            if len(order) == k:
                worst[query] = best[query][0, -1]
    return best
