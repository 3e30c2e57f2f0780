"""Which arrays of two models are equal, said with few paths."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping

import numpy as np


def match_paths(
    arrays: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]
) -> dict[str, str]:
    """Return paths of a model, each with the path in another that equals it.

    What lies below a returned path may be equal or not: compare it.

    An array of one repeated number, such as a new bias, is equal to many by chance. It
    counts only below a path that has other equal arrays.

    Args:
        arrays: arrays of the model by path; components are separated by "/".
        others: arrays of the other model by path.

    Example:

    >>> import numpy as np
    >>> kernel = np.eye(2)
    >>> match_paths({"decoder/concepts/head/kernel": kernel}, {"head/kernel": kernel})
    {'decoder/concepts/head/kernel': 'head/kernel'}
    """
    same = defaultdict(list)
    for other, array in others.items():
        same[_content(array)].append(other)
    equal = {path: same.get(_content(array), []) for path, array in arrays.items()}
    # By pair of paths, the equal arrays below them.
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    proposed = set()
    for path, candidates in equal.items():
        for other in candidates:
            for pair in _pairs(path, other):
                found[pair].add(path)
                if _varies(arrays[path]):
                    proposed.add(pair)
    paths: dict[str, str] = {}
    missing = {path for path, candidates in equal.items() if candidates}

    def gain(pair: tuple[str, str]) -> int:
        return sum(arrays[path].nbytes for path in found[pair] & missing)

    while proposed := {p for p in proposed if p[0] not in paths and gain(p)}:
        # Of two that say the same, the one that says nothing of other arrays.
        best = max(proposed, key=lambda pair: (gain(pair), len(pair[0]), pair))
        paths[best[0]] = best[1]
        missing -= found[best]
    return paths


def paths_below(paths: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """Return the path of each array of another model, by the path that equals it.

    Args:
        paths: what `match_paths` returned.
        others: paths of all arrays of the other model.

    Example:

    >>> paths_below({"decoder/head": "head"}, ["head/kernel", "encoder/kernel"])
    {'decoder/head/kernel': 'head/kernel'}
    """
    found = {}
    others = list(others)
    # A longer path says more.
    for path, other in sorted(paths.items(), key=lambda item: len(item[0])):
        for name in others:
            if name == other or name.startswith(f"{other}/"):
                found[path + name.removeprefix(other)] = name
    return found


def _pairs(path: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield two paths without each of the endings that they have in common."""
    while path and other:
        yield path, other
        path, _, last = path.rpartition("/")
        other, _, other_last = other.rpartition("/")
        if last != other_last:
            return


def _varies(array: np.ndarray) -> bool:
    return array.size > 0 and bool(array.min() < array.max())


def _content(array: np.ndarray) -> Hashable:
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()
    return array.shape, array.dtype.str, digest
