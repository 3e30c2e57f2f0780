"""Beam search in static shapes, one implementation for every runtime."""

from __future__ import annotations

from typing import Any

from keras import ops, tree

from keras_imgdesc.captioning.search.candidates import likeliest_words
from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import (
    IMPOSSIBLE,
    SearchResult,
    Step,
    Tokens,
    blank_captions,
    check_at_least,
    first_rows,
    loop,
    normalize_by_length,
    put_word,
    select_beams,
    spread_over_beams,
)
from keras_imgdesc.captioning.search.grid import Grid


def beam_search(
    step: Step,
    memory: Any,
    state: Any,
    *,
    tokens: Tokens,
    num_beams: int = 3,
    max_length: int = 23,
    length_penalty: Any = 0.8,
    num_locations: int | None = None,
    early_exit: bool = True,
    constraints: Constraints | None = None,
) -> SearchResult:
    """Find the captions of highest length-normalized log-probability.

    A finished caption stays among the beams, at its own length, until `num_beams`
    better ones displace it. Of two candidates with equal scores, the one of the better
    beam wins, then the likelier word, then the one of the lower token id. The result of
    an image does not depend on the rest of its batch.

    The search consists of `keras.ops` on tensors of static shapes (the batch may be
    dynamic), so it runs eagerly, compiled, in a SavedModel and in TFLite.

    Args:
        step: function of (token_ids int32 (batch, beams), memory, state) that returns
            (log_probs float32 (batch, beams, vocabulary_size), attention float32
            (batch, beams, locations), state), such as `Decoder.step`.
        memory: passed to `step` unchanged.
        state: any nesting of tensors (batch, ...); `step` receives them as (batch,
            beams, ...).
        tokens: size of the vocabulary and its special tokens.
        num_beams: number of captions kept per image, at least 1; 1 is greedy search.
        max_length: length of the longest caption in tokens, end token included.
        length_penalty: exponent of the length, 0 or more, a number or a scalar tensor.
            A larger one prefers longer captions; 0 compares plain log-probabilities.
        num_locations: width of the attention; None omits attention.
        early_exit: whether to stop an image as soon as its best caption is certain. Its
            other beams may then be incomplete; they come last and score below -1e6.
        constraints: tokens that every caption begins with, contains or lacks; None
            means none. Forced and required tokens count with the model's own
            log-probabilities. With required ones, `num_beams` beams are kept for each
            number of them that is still missing; see `Grid`.

    Returns:
        A `SearchResult` with `num_beams` captions per image, the best first.

    Raises:
        InputError: an argument is out of range.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from keras_imgdesc.captioning import Tokens, beam_search
    >>> def step(token_ids, memory, state):  # after 4 comes 5, after 5 the end
    ...     after = ops.where(token_ids == 2, 4, ops.where(token_ids == 4, 5, 3))
    ...     return ops.log(0.9 * ops.one_hot(after, 6) + 0.01), None, state
    >>> state = np.zeros((1, 1), "float32")
    >>> found = beam_search(step, None, state, tokens=Tokens(6), max_length=5)
    >>> np.asarray(found.token_ids)[0, 0].tolist()
    [4, 5, 3, 0, 0]

    Reference:
        Wu et al., "Google's Neural Machine Translation System" (length
        normalisation), https://arxiv.org/abs/1609.08144; see `Grid` for the search with
        required tokens.
    """
    check_at_least(1, num_beams=num_beams, max_length=max_length)
    check_at_least(0, length_penalty=length_penalty)
    beams, first_beam, grid = num_beams, 0, None
    if constraints is not None:
        constraints = Constraints(*map(ops.convert_to_tensor, constraints))
        if constraints.num_required:
            grid = Grid(constraints.require, tokens, num_beams, max_length)
            beams, first_beam = grid.num_beams, grid.first_beam
    never, only_padding = tokens.never(), tokens.only_padding()
    per_beam = min(beams, tokens.size)
    itself = ops.convert_to_tensor([0.0, *[IMPOSSIBLE] * (per_beam - 1)])
    variables = blank_captions(
        tree.flatten(state)[0], beams, max_length, tokens, num_locations
    )
    # All beams start equal, so all but one are impossible.
    variables["totals"] += ops.convert_to_tensor(
        [[0.0 if i == first_beam else IMPOSSIBLE for i in range(beams)]],
        dtype="float32",
    )
    # Whether the best caption of an image is certain, (batch, 1).
    variables["certain"] = ops.zeros_like(variables["finished"][:, :1])
    variables["state"] = spread_over_beams(state, beams)
    if grid is not None:
        variables["missing"] = grid.all_missing(variables["totals"])

    def is_running(v: dict[str, Any]) -> Any:
        frozen = ops.logical_or(v["finished"], v["certain"])
        return ops.logical_and(v["time"] < max_length, ops.logical_not(ops.all(frozen)))

    def advance(v: dict[str, Any]) -> dict[str, Any]:
        log_probs, attention, state = step(v["last"], memory, v["state"])
        log_probs = ops.cast(log_probs, "float32")
        addend = never
        if constraints is not None:
            addend = constraints.addend(v["time"], never)
        frozen = ops.logical_or(v["finished"], v["certain"])
        is_frozen = ops.expand_dims(frozen, -1)
        lengths = v["lengths"] + ops.cast(ops.logical_not(frozen), "int32")
        if grid is None:
            found, words = likeliest_words(log_probs, addend, per_beam)
            # After its end, a caption has one candidate: itself.
            found = ops.where(is_frozen, itself, found)
            words = ops.where(is_frozen, tokens.pad_id, words)
        else:
            found = ops.maximum(log_probs + addend, IMPOSSIBLE)
            found = ops.where(is_frozen, only_padding, found)
            found, lacking = grid.restrict(found, v["missing"], v["time"])
        scores = normalize_by_length(
            ops.expand_dims(v["totals"], -1) + found,
            ops.expand_dims(lengths, -1),
            length_penalty,
        )
        width = scores.shape[-1]
        if grid is None:
            _, best = ops.top_k(ops.reshape(scores, (-1, beams * width)), beams)
            best = ops.cast(best, "int32")
        else:
            best = grid.best(scores, lacking)
        parent = ops.floor_divide(best, width)
        place = best + first_rows(best) * width
        log_prob = ops.take(ops.reshape(found, (-1,)), place)
        if grid is None:
            token = ops.take(ops.reshape(words, (-1,)), place)
        else:
            token = best - parent * width

        def inherit(x: Any) -> Any:
            return select_beams(x, parent)

        if grid is not None:
            missing = grid.without(inherit(v["missing"]), token)
            log_prob = grid.bury(log_prob, missing)
        new = {
            "time": v["time"] + 1,
            "last": token,
            "token_ids": put_word(inherit(v["token_ids"]), token, v["time"]),
            "log_probs": put_word(inherit(v["log_probs"]), log_prob, v["time"]),
            "totals": inherit(v["totals"]) + log_prob,
            "lengths": inherit(lengths),
            "finished": ops.logical_or(
                inherit(v["finished"]), ops.equal(token, tokens.end_id)
            ),
            "certain": v["certain"],
            "state": tree.map_structure(inherit, state),
        }
        if grid is not None:
            new["missing"] = missing
        if num_locations is not None:
            attention = ops.cast(attention, "float32")
            attention = ops.where(is_frozen, 0.0, attention)
            new["attention"] = put_word(
                inherit(v["attention"]), inherit(attention), v["time"]
            )
        if early_exit:
            new["certain"] = ops.logical_or(new["certain"], is_certain(new))
        return new

    def is_certain(v: dict[str, Any]) -> Any:
        """Return whether no open beam of an image can become its best caption."""
        scores = normalize_by_length(v["totals"], v["lengths"], length_penalty)
        done = ops.where(v["finished"], scores, 2 * IMPOSSIBLE)
        # Log-probabilities are at most 0: at best, the total stays and the caption
        # reaches its maximum length.
        longest = ops.full_like(v["lengths"], max_length)
        reachable = normalize_by_length(v["totals"], longest, length_penalty)
        reachable = ops.where(v["finished"], 2 * IMPOSSIBLE, reachable)
        return ops.max(done, axis=1, keepdims=True) >= ops.max(
            reachable, axis=1, keepdims=True
        )

    v = loop(is_running, advance, variables)
    if grid is not None:
        del v["time"], v["state"]
        certain = v.pop("certain")
        v = {name: grid.complete(x) for name, x in v.items()} | {"certain": certain}
    scores = normalize_by_length(v["totals"], v["lengths"], length_penalty)
    # An abandoned beam is not a caption: it comes after all others.
    abandoned = ops.logical_and(v["certain"], ops.logical_not(v["finished"]))
    scores = ops.where(abandoned, scores + IMPOSSIBLE, scores)
    scores, order = ops.top_k(scores, num_beams)
    order = ops.cast(order, "int32")

    def sort(x: Any) -> Any:
        return select_beams(x, order)

    return SearchResult(
        token_ids=sort(v["token_ids"]),
        log_probs=sort(v["log_probs"]),
        totals=sort(v["totals"]),
        scores=scores,
        lengths=sort(v["lengths"]),
        finished=sort(v["finished"]),
        attention=None if num_locations is None else sort(v["attention"]),
    )
