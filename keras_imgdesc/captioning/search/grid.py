"""Beams in banks, by the number of required words that they still lack."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.captioning.search.decoding import IMPOSSIBLE, Tokens


class Grid:
    """The part of beam search that makes captions contain required words.

    There is one bank of `num_beams` beams for each number of missing words, from 0 to
    all, and a candidate competes only with those of its bank. So a caption that spends
    probability on a required word is never displaced by one that postpones it. The
    first bank holds captions with all words. A caption ends only there, and no beam may
    lack more words than its remaining length can hold.

    Args:
        require: int32 (num_required,), different tokens; at least one.
        tokens: size of the vocabulary and its special tokens.
        num_beams: number of beams per bank.
        max_length: length of the longest caption in tokens.

    Attributes:
        num_banks: number of banks.
        num_beams: number of beams of all banks.

    Reference:
        Hokamp, Liu, "Lexically Constrained Decoding for Sequence Generation Using Grid
        Beam Search", https://arxiv.org/abs/1704.07138; banks without a division into
        open and closed hypotheses, as all constraints are single tokens: Post, Vilar,
        "Fast Lexically Constrained Decoding with Dynamic Beam Allocation",
        https://arxiv.org/abs/1804.06609
    """

    def __init__(
        self, require: Any, tokens: Tokens, num_beams: int, max_length: int
    ) -> None:
        self.num_banks = int(require.shape[0]) + 1
        self.num_beams = num_beams * self.num_banks
        self._per_bank = num_beams
        self._max_length = max_length
        self._require = require
        self._is_required = ops.one_hot(require, tokens.size, dtype="float32")
        ids = ops.arange(tokens.size, dtype="int32")
        self._is_end = ops.equal(ids, tokens.end_id)

    @property
    def first_beam(self) -> int:
        """Index of the beam that a search starts from, in the last bank."""
        return self.num_beams - self._per_bank

    def all_missing(self, like: Any) -> Any:
        """Return 1 per beam and required word, float32 (batch, beams, num_required).

        Args:
            like: any tensor (batch, beams).
        """
        shape = (*ops.shape(like), self.num_banks - 1)
        return ops.broadcast_to(ops.cast(1, "float32"), shape)

    def without(self, missing: Any, token: Any) -> Any:
        """Return what is missing after one more token.

        Args:
            missing: float32 (batch, beams, num_required), 1 for a missing word.
            token: int32 (batch, beams).
        """
        is_another = ops.not_equal(token[..., None], self._require)
        return missing * ops.cast(is_another, "float32")

    def restrict(self, log_probs: Any, missing: Any, time: Any) -> tuple[Any, Any]:
        """Forbid tokens after which a caption could no longer have all words.

        Args:
            log_probs: float32 (batch, beams, size).
            missing: float32 (batch, beams, num_required), before the token.
            time: int32 scalar, the position of the token.

        Returns:
            The log-probabilities, and the number of words missing after each token,
            both float32 (batch, beams, size).
        """
        lacking = ops.sum(missing, axis=-1, keepdims=True)
        # Not a product of matrices: an export in int8 would round it.
        for word in range(self.num_banks - 1):
            here = missing[..., word : word + 1] * self._is_required[word]
            lacking = lacking - here
        left = ops.cast(self._max_length - 1 - time, "float32")
        room = ops.where(self._is_end, 0.0, left)
        return ops.where(lacking > room, IMPOSSIBLE, log_probs), lacking

    def best(self, scores: Any, lacking: Any) -> Any:
        """Return the best candidates of each bank.

        Args:
            scores, lacking: float32 (batch, beams, size).

        Returns:
            int32 (batch, beams), indices into the last two axes, flattened. A bank with
            too few candidates is filled with those of others.
        """
        size = self.num_beams * scores.shape[-1]
        bank = ops.reshape(ops.arange(self.num_banks, dtype="float32"), (1, -1, 1))
        is_here = ops.equal(ops.reshape(lacking, (-1, 1, size)), bank)
        inside = ops.where(is_here, ops.reshape(scores, (-1, 1, size)), 2 * IMPOSSIBLE)
        _, best = ops.top_k(inside, self._per_bank)
        return ops.reshape(ops.cast(best, "int32"), (-1, self.num_beams))

    def bury(self, log_prob: Any, missing: Any) -> Any:
        """Make the beams impossible that fill a bank they do not belong to.

        Args:
            log_prob: float32 (batch, beams), of the last token of each beam.
            missing: float32 (batch, beams, num_required), after this token.
        """
        bank = ops.repeat(ops.arange(self.num_banks, dtype="float32"), self._per_bank)
        is_at_home = ops.equal(ops.sum(missing, axis=-1), bank)
        return ops.where(is_at_home, log_prob, IMPOSSIBLE)

    def complete(self, x: Any) -> Any:
        """Return the beams of the first bank, which have all words.

        Args:
            x: (batch, beams, ...).
        """
        return x[:, : self._per_bank]
