"""Building blocks of beam search and sampling, in static shapes.

Values are gathered by comparison and selection: that is exact in every dtype, and needs
no index tensor of computed shape, which runtimes for phones and browsers cannot handle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from keras_imgdesc.errors import InputError

# Far below any log-probability, but finite: infinity becomes NaN in a runtime that
# multiplies it by 0.
IMPOSSIBLE = -1e9

Step = Callable[[Any, Any, Any], tuple[Any, Any, Any]]


class SearchResult(NamedTuple):
    """Several captions per image; beam search sorts them, the best first.

    Attributes:
        token_ids: int32 (batch, beams, max_length): words, the end token, padding.
        log_probs: float32 (batch, beams, max_length), one per token; 0 at padding.
        totals: float32 (batch, beams), sum of `log_probs`.
        scores: float32 (batch, beams), `totals / lengths ** length_penalty`, the order
            of beam search. A score below -1e6 marks a beam that is not a caption.
        lengths: int32 (batch, beams), number of tokens, end token included.
        finished: bool (batch, beams), whether the caption has its end token. One
            without has reached `max_length`, or was abandoned by `early_exit`.
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
    """Size and special tokens of a vocabulary, as decoding needs them.

    Args:
        size: number of token ids.
        pad_id, unk_id, start_id, end_id: ids of the special tokens. Padding, unknown
            and start are never generated; `unk_id` may be None.
    """

    size: int
    pad_id: int = 0
    unk_id: int | None = 1
    start_id: int = 2
    end_id: int = 3

    def never(self) -> Any:
        """Return an addend that forbids special tokens, float32 (size,)."""
        special = (self.pad_id, self.unk_id, self.start_id)
        return self._forbid([i for i in special if i is not None])

    def only_padding(self) -> Any:
        """Return log-probabilities after the end token, which allow only padding."""
        return self._forbid([i for i in range(self.size) if i != self.pad_id])

    def _forbid(self, ids: Sequence[int]) -> Any:
        addend = np.zeros((self.size,), np.float32)
        addend[list(ids)] = IMPOSSIBLE
        return ops.convert_to_tensor(addend)


def blank_captions(
    like: Any, beams: int, max_length: int, tokens: Tokens, locations: int | None
) -> dict[str, Any]:
    """Return the variables of a decoding loop before the first word.

    Args:
        like: tensor (batch, ...) that sets the batch size.
        beams: number of captions per image.
        max_length: length of the longest caption in tokens.
        tokens: special tokens.
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
    """Repeat tensors (batch, ...) to (batch, num_beams, ...)."""

    def spread(x: Any) -> Any:
        return ops.repeat(ops.expand_dims(x, 1), num_beams, axis=1)

    return tree.map_structure(spread, state)


def select_beams(x: Any, parent: Any) -> Any:
    """Select beam `parent[b, k]` of x as the new beam k.

    Args:
        x: any dtype, (batch, beams, ...).
        parent: int32 (batch, beams).
    """
    rows = ops.reshape(x, (-1, *x.shape[2:]))
    return ops.take(rows, parent + first_rows(parent), axis=0)


def first_rows(like: Any) -> Any:
    """Return the index of each image's first beam when all beams are in one axis.

    Args:
        like: any tensor (batch, beams).

    Returns:
        int32 (batch, 1).
    """
    batch, beams = ops.shape(like)
    return ops.expand_dims(ops.arange(batch, dtype="int32") * beams, 1)


def pick(x: Any, index: Any) -> Any:
    """Return x[..., index[...]], with x float (..., size) and index int32 (...)."""
    chosen = ops.equal(ops.arange(x.shape[-1], dtype="int32"), index[..., None])
    return ops.sum(ops.where(chosen, x, ops.cast(0, x.dtype)), axis=-1)


def put_word(x: Any, word: Any, time: Any) -> Any:
    """Return x with `word` at index `time` of its axis of words.

    Args:
        x: (batch, beams, max_length, ...).
        word: (batch, beams, ...).
        time: int32 scalar.
    """
    max_length = x.shape[2]
    here = ops.equal(ops.arange(max_length, dtype="int32"), time)
    here = ops.reshape(here, (1, 1, max_length, *[1] * (len(x.shape) - 3)))
    return ops.where(here, ops.expand_dims(word, 2), x)


def normalize_by_length(totals: Any, lengths: Any, length_penalty: Any) -> Any:
    """Return `totals / lengths ** length_penalty`, float32 (batch, beams)."""
    # A length of 0 occurs only before the first word, when the total is 0.
    lengths = ops.cast(ops.maximum(lengths, 1), "float32")
    return totals / ops.power(lengths, ops.cast(length_penalty, "float32"))


def loop(
    is_running: Callable[[dict[str, Any]], Any],
    advance: Callable[[dict[str, Any]], dict[str, Any]],
    variables: dict[str, Any],
) -> dict[str, Any]:
    """Run `while_loop` over a dict of variables, and return the final ones."""
    names = list(variables)

    def named(values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(names, values, strict=True))

    def body(*values: Any) -> tuple[Any, ...]:
        new = advance(named(values))
        return tuple(new[name] for name in names)

    values = ops.while_loop(
        lambda *values: is_running(named(values)), body, tuple(variables.values())
    )
    return named(values)


def check_at_least(minimum: float, **values: Any) -> None:
    """Refuse numbers below `minimum`; tensors are not checked.

    Raises:
        InputError: a number is too small.
    """
    for name, value in values.items():
        if isinstance(value, (int, float, np.number)) and not value >= minimum:
            raise InputError(
                f"{name} must be at least {minimum}",
                f"Use {minimum} or more",
                **{name: value},
            )
