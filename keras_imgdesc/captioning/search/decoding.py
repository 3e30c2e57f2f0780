"""What beam search and sampling share, in static shapes.

Gathering is done by comparing and selecting: exact in every type, without an index
tensor of computed shape, which runtimes for phones and browsers cannot follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from keras_imgdesc.errors import InputError

# Far below any log-probability, and still finite: infinities become NaN when a
# runtime multiplies them with 0.
IMPOSSIBLE = -1e9

Step = Callable[[Any, Any, Any], tuple[Any, Any, Any]]


class SearchResult(NamedTuple):
    """Several captions for each image; beam search sorts them, the best first.

    Attributes:
        token_ids: int32 (batch, beams, max_length): words, the end token, padding.
        log_probs: float32 (batch, beams, max_length), of each token; 0 at padding.
        totals: float32 (batch, beams), their sum.
        scores: float32 (batch, beams), `totals / lengths ** length_penalty`, what
            beam search sorts by; below -1e6 there is no such caption.
        lengths: int32 (batch, beams), tokens including the end token.
        finished: bool (batch, beams), whether it has its end token. One without has
            filled `max_length`, or was given up by `early_exit`.
        attention: float32 (batch, beams, max_length, locations), or None.
    """

    token_ids: Any
    log_probs: Any
    totals: Any
    scores: Any
    lengths: Any
    finished: Any
    attention: Any


@dataclass(frozen=True)
class Tokens:
    """What decoding must know of a vocabulary.

    Args:
        size: number of token ids.
        start_id, end_id, pad_id, unk_id: special tokens; start, padding and unknown
            are never produced.
    """

    size: int
    pad_id: int = 0
    unk_id: int | None = 1
    start_id: int = 2
    end_id: int = 3

    def never(self) -> Any:
        """Addend that forbids special tokens, float32 (size,)."""
        special = (self.pad_id, self.unk_id, self.start_id)
        return self._forbid([i for i in special if i is not None])

    def only_padding(self) -> Any:
        """Log-probabilities after the end token: padding is free."""
        return self._forbid([i for i in range(self.size) if i != self.pad_id])

    def _forbid(self, ids: Sequence[int]) -> Any:
        addend = np.zeros((self.size,), np.float32)
        addend[list(ids)] = IMPOSSIBLE
        return ops.convert_to_tensor(addend)


def blank_captions(
    like: Any, beams: int, max_length: int, tokens: Tokens, locations: int | None
) -> dict[str, Any]:
    """The variables of a decoding loop before the first word.

    Args:
        like: a tensor (batch, ...), for its batch.
        beams: captions for each image.
        max_length: tokens of the longest caption.
        tokens: the special tokens.
        locations: width of the attention, or None.
    """
    batch = ops.shape(like)[0]

    def full(value: Any, dtype: str, *shape: int) -> Any:
        value = ops.cast(value, dtype)
        return ops.broadcast_to(value, (batch, *shape))

    blank = {
        "time": ops.convert_to_tensor(0, dtype="int32"),
        "last": full(tokens.start_id, "int32", beams),
        "token_ids": full(tokens.pad_id, "int32", beams, max_length),
        "log_probs": full(0, "float32", beams, max_length),
        "totals": full(0, "float32", beams),
        "lengths": full(0, "int32", beams),
        "finished": full(False, "bool", beams),
    }
    if locations is not None:
        blank["attention"] = full(0, "float32", beams, max_length, locations)
    return blank


def spread_over_beams(state: Any, num_beams: int) -> Any:
    """Tensors (batch, ...) to (batch, num_beams, ...), all beams alike."""

    def spread(x: Any) -> Any:
        return ops.repeat(ops.expand_dims(x, 1), num_beams, axis=1)

    return tree.map_structure(spread, state)


def select_beams(x: Any, parent: Any) -> Any:
    """Takes beam `parent[b, k]` of x as the new beam k.

    Args:
        x: any type, (batch, beams, ...).
        parent: int32 (batch, beams).
    """
    rows = ops.reshape(x, (-1, *x.shape[2:]))
    return ops.take(rows, parent + first_rows(parent), axis=0)


def first_rows(of_beams: Any) -> Any:
    """Where the beams of each image start when all beams are in one row.

    Args:
        of_beams: (batch, beams).

    Returns:
        int32 (batch, 1).
    """
    batch, beams = ops.shape(of_beams)
    return ops.expand_dims(ops.arange(batch, dtype="int32") * beams, 1)


def pick(x: Any, index: Any) -> Any:
    """Takes x[..., index[...]]: x float (..., size), index int32 (...)."""
    chosen = ops.equal(ops.arange(x.shape[-1], dtype="int32"), index[..., None])
    return ops.sum(ops.where(chosen, x, ops.cast(0, x.dtype)), axis=-1)


def put_word(x: Any, word: Any, time: Any) -> Any:
    """Writes `word` at place `time` of x.

    Args:
        x: (batch, beams, max_length, ...).
        word: (batch, beams, ...).
        time: int32 scalar.
    """
    max_length = x.shape[2]
    here = ops.equal(ops.arange(max_length, dtype="int32"), time)
    here = ops.reshape(here, (1, 1, max_length, *[1] * (len(x.shape) - 3)))
    return ops.where(here, ops.expand_dims(word, 2), x)


def normalise(totals: Any, lengths: Any, length_penalty: Any) -> Any:
    """`totals / lengths ** length_penalty`, float32."""
    # A length of 0 occurs only before the first word, where it divides 0.
    lengths = ops.cast(ops.maximum(lengths, 1), "float32")
    return totals / ops.power(lengths, ops.cast(length_penalty, "float32"))


def loop(
    go_on: Callable[[dict[str, Any]], Any],
    advance: Callable[[dict[str, Any]], dict[str, Any]],
    variables: dict[str, Any],
) -> dict[str, Any]:
    """`while_loop` over variables that have names."""
    names = list(variables)

    def named(values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(names, values, strict=True))

    def body(*values: Any) -> tuple[Any, ...]:
        new = advance(named(values))
        return tuple(new[name] for name in names)

    values = ops.while_loop(
        lambda *values: go_on(named(values)), body, tuple(variables.values())
    )
    return named(values)


def check_at_least(minimum: float, **values: Any) -> None:
    """Refuses numbers below `minimum`; tensors are let through."""
    for name, value in values.items():
        if isinstance(value, (int, float)) and not value >= minimum:
            raise InputError(
                f"{name} must be at least {minimum}",
                "Use a larger one",
                **{name: value},
            )
