"""Tokens that captions must begin with, contain or lack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_imgdesc.captioning.search.decoding import IMPOSSIBLE, Tokens

# No token has this id.
_FREE = -1


class Constraints(NamedTuple):
    """What captions must begin with, contain and lack, as tensors.

    `beam_search` obeys all three, `sample` the first and the last.

    Attributes:
        prefix: int32 (max_length,), the token that is forced at each position, -1 where
            it is free.
        avoid: float32 (size,), -1e9 at tokens that must not occur, otherwise 0.
        require: int32 (num_required,), different tokens that must occur.

    Example:

    >>> from keras_imgdesc.captioning import Constraints, Tokens
    >>> constraints = Constraints.of_tokens(Tokens(8), 5, prefix=[4, 5], require=[7])
    >>> constraints.prefix.tolist(), constraints.require.tolist()
    ([4, 5, -1, -1, -1], [7])
    """

    prefix: Any
    avoid: Any
    require: Any

    @classmethod
    def of_tokens(
        cls,
        tokens: Tokens,
        max_length: int,
        *,
        prefix: Iterable[int] = (),
        require: Iterable[int] = (),
        avoid: Iterable[int] = (),
    ) -> Constraints:
        """Build constraints of token ids, as NumPy arrays.

        The ids are not checked against each other: `constraints_of_words` does that.

        Args:
            tokens: size of the vocabulary.
            max_length: length of the longest caption in tokens, at least that of
                `prefix` and of the tokens of `require` that it lacks, together.
            prefix: tokens that every caption begins with, in order.
            require: tokens that every caption contains, in any order. A repeated one
                counts once, and a token of `prefix` counts.
            avoid: tokens that no caption contains: none of `prefix` or `require`.
        """
        forced = list(prefix)
        positions = np.full((max_length,), _FREE, np.int32)
        positions[: len(forced)] = forced
        addend = np.zeros((tokens.size,), np.float32)
        addend[list(avoid)] = IMPOSSIBLE
        return cls(positions, addend, np.array(list(dict.fromkeys(require)), np.int32))

    @property
    def num_required(self) -> int:
        """Number of tokens that must occur."""
        return int(self.require.shape[0])

    def addend(self, time: Any, never: Any) -> Any:
        """Return what to add to log-probabilities at a position, float32 (size,).

        Args:
            time: int32 scalar, the position.
            never: float32 (size,), the addend that forbids special tokens.
        """
        (max_length,), (size,) = self.prefix.shape, self.avoid.shape
        is_now = ops.equal(ops.arange(max_length, dtype="int32"), time)
        forced = ops.sum(ops.where(is_now, self.prefix, 0))
        is_forced = ops.equal(ops.arange(size, dtype="int32"), forced)
        alone = ops.where(is_forced, 0.0, IMPOSSIBLE)
        return ops.where(ops.equal(forced, _FREE), never + self.avoid, alone)
