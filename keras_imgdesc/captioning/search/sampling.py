"""Sampling of captions, in static shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.captioning.search.constraints import Constraints
from keras_imgdesc.captioning.search.decoding import (
    IMPOSSIBLE,
    SearchResult,
    Step,
    Tokens,
    blank_captions,
    loop,
    pick,
    put_word,
    spread_over_beams,
)
from keras_imgdesc.errors import InputError


def sample(
    step: Step,
    memory: Any,
    state: Any,
    *,
    tokens: Tokens,
    noise: Any,
    temperature: Any = 1.0,
    top_k: Any = 0,
    top_p: Any = 1.0,
    num_locations: int | None = None,
    constraints: Constraints | None = None,
) -> SearchResult:
    """Sample captions word by word from the model's probabilities.

    The random numbers are an input, `noise`, so a sample is a function of its inputs:
    the same in every runtime, whatever else is in the batch. Temperature applies first,
    then `top_k`, then `top_p`. The `log_probs` of the result are those of the model,
    before all three. `temperature`, `top_k` and `top_p` may be numbers or scalar
    tensors.

    Args:
        step, memory, state, tokens, num_locations: as in `beam_search`.
        noise: float32 in [0, 1), (batch, samples, max_length); see `draw_noise`.
        temperature: divisor of the log-probabilities, above 0; below 1 it makes likely
            words likelier.
        top_k: number of most likely words to sample from; 0 means all.
        top_p: probability of the smallest set of most likely words to sample from, in
            (0, 1].
        constraints: tokens that every caption begins with or lacks; None means none. A
            forced token takes the random number of its position and ignores it.

    Returns:
        A `SearchResult` in the order of the samples; its scores are the totals.

    Raises:
        InputError: an argument is out of range, or `constraints` require tokens.

    Example:

    >>> import numpy as np
    >>> from keras import ops
    >>> from keras_imgdesc.captioning import Tokens, draw_noise, sample
    >>> def step(token_ids, memory, state):  # 4, 5 and the end, equally likely
    ...     return ops.zeros((*token_ids.shape, 6)) - np.log(3.0), None, state
    >>> state = np.zeros((1, 1), "float32")
    >>> noise = draw_noise(seed=0, indices=[0], num_samples=2, max_length=4)
    >>> found = sample(step, None, state, tokens=Tokens(6), noise=noise)
    >>> tuple(found.token_ids.shape)
    (1, 2, 4)

    Reference:
        Holtzman et al., "The Curious Case of Neural Text Degeneration" (top-p),
        https://arxiv.org/abs/1904.09751
    """
    check_sampling(temperature, top_k, top_p)
    if constraints is not None:
        constraints = Constraints(*map(ops.convert_to_tensor, constraints))
        if constraints.num_required:
            raise required_words_are_not_sampled(num_required=constraints.num_required)
    noise = ops.convert_to_tensor(noise, dtype="float32")
    _, samples, max_length = noise.shape
    never, only_padding = tokens.never(), tokens.only_padding()
    variables = blank_captions(noise, samples, max_length, tokens, num_locations)
    variables["state"] = spread_over_beams(state, samples)
    places = ops.arange(max_length, dtype="int32")

    def is_running(v: dict[str, Any]) -> Any:
        return ops.logical_and(
            v["time"] < max_length, ops.logical_not(ops.all(v["finished"]))
        )

    def advance(v: dict[str, Any]) -> dict[str, Any]:
        log_probs, attention, state = step(v["last"], memory, v["state"])
        addend = never
        if constraints is not None:
            addend = constraints.addend(v["time"], never)
        log_probs = ops.maximum(ops.cast(log_probs, "float32") + addend, IMPOSSIBLE)
        frozen = v["finished"]
        log_probs = ops.where(frozen[..., None], only_padding, log_probs)
        now = ops.cast(ops.equal(places, v["time"]), "float32")
        uniform = ops.sum(noise * now, axis=-1)
        token = _draw(log_probs, uniform, temperature, top_k, top_p)
        log_prob = pick(log_probs, token)
        new = {
            "time": v["time"] + 1,
            "last": token,
            "token_ids": put_word(v["token_ids"], token, v["time"]),
            "log_probs": put_word(v["log_probs"], log_prob, v["time"]),
            "totals": v["totals"] + log_prob,
            "lengths": v["lengths"] + ops.cast(ops.logical_not(frozen), "int32"),
            "finished": ops.logical_or(frozen, ops.equal(token, tokens.end_id)),
            "state": state,
        }
        if num_locations is not None:
            attention = ops.cast(attention, "float32")
            attention = ops.where(frozen[..., None], 0.0, attention)
            new["attention"] = put_word(v["attention"], attention, v["time"])
        return new

    v = loop(is_running, advance, variables)
    return SearchResult(
        token_ids=v["token_ids"],
        log_probs=v["log_probs"],
        totals=v["totals"],
        scores=v["totals"],
        lengths=v["lengths"],
        finished=v["finished"],
        attention=v.get("attention"),
    )


def draw_noise(
    seed: int, indices: Any, num_samples: int, max_length: int
) -> np.ndarray:
    """Return uniform random numbers for `sample`, a function of seed and index.

    Args:
        seed: any integer.
        indices: index of each image in the data, integers of 0 or more.
        num_samples: number of captions per image.
        max_length: length of the longest caption in tokens.

    Returns:
        float32 in [0, 1), (images, num_samples, max_length).
    """
    shape = (num_samples, max_length)
    return np.stack(
        [
            np.random.default_rng((abs(seed), int(seed < 0), int(index))).random(
                shape, np.float32
            )
            for index in indices
        ]
    )


def check_sampling(temperature: Any, top_k: Any, top_p: Any) -> None:
    """Refuse settings out of range; tensors are not checked.

    Raises:
        InputError: a setting is out of range.
    """
    rules = (
        ("temperature must be above 0", "temperature", temperature, lambda x: x > 0),
        ("top_k must be 0 (all words) or more", "top_k", top_k, lambda x: x >= 0),
        ("top_p must be in (0, 1]", "top_p", top_p, lambda x: 0 < x <= 1),
    )
    for rule, name, value, holds in rules:
        if isinstance(value, (int, float, np.number)) and not holds(value):
            raise InputError(rule, f"Omit {name} for the default", **{name: value})


def required_words_are_not_sampled(**received: Any) -> InputError:
    """Return the error of a request to sample captions with required words."""
    # Word by word, a sample cannot know how likely a required word still is: forcing it
    # would draw from another distribution than the model's.
    return InputError(
        "Captions with required words are searched, not sampled",
        "Omit temperature, top_k, top_p and seed, or omit require",
        **received,
    )


def _draw(
    log_probs: Any, uniform: Any, temperature: Any, top_k: Any, top_p: Any
) -> Any:
    """Draw token ids, int32 (batch, samples), by the inverse of the distribution."""
    size = log_probs.shape[-1]
    if _is_all(top_k, top_p):
        return _draw_from_all(log_probs, uniform, temperature)
    ranked, words = ops.top_k(log_probs, size)
    rank = ops.arange(size, dtype="int32")
    top_k = ops.cast(top_k, "int32")
    in_top_k = ops.logical_or(rank < top_k, top_k <= 0)
    # Forbidden words stay forbidden at any temperature.
    possible = ops.logical_and(in_top_k, ranked > IMPOSSIBLE / 2)
    ranked = ranked / ops.cast(temperature, "float32")
    probs = ops.softmax(ops.where(possible, ranked, IMPOSSIBLE), axis=-1)
    probs = ops.where(possible, probs, 0.0)
    before = ops.cumsum(probs, axis=-1) - probs
    probs = ops.where(before < ops.cast(top_p, "float32"), probs, 0.0)
    cumulative = ops.cumsum(probs, axis=-1)
    threshold = uniform[..., None] * cumulative[..., -1:]
    place = ops.sum(ops.cast(cumulative <= threshold, "int32"), axis=-1)
    # Rounding may raise the threshold to the total.
    last = ops.sum(ops.cast(probs > 0, "int32"), axis=-1) - 1
    place = ops.minimum(place, last)
    chosen = ops.equal(rank, place[..., None])
    return ops.sum(ops.where(chosen, ops.cast(words, "int32"), 0), axis=-1)


def _is_all(top_k: Any, top_p: Any) -> bool:
    """Return whether all words are sampled from; tensors are not examined."""
    return (
        isinstance(top_k, int)
        and isinstance(top_p, float)
        and (top_k, top_p) == (0, 1.0)
    )


def _draw_from_all(log_probs: Any, uniform: Any, temperature: Any) -> Any:
    """Draw token ids without sorting the words, which takes most of the time."""
    possible = log_probs > IMPOSSIBLE / 2
    scaled = log_probs / ops.cast(temperature, "float32")
    probs = ops.softmax(ops.where(possible, scaled, IMPOSSIBLE), axis=-1)
    probs = ops.where(possible, probs, 0.0)
    cumulative = ops.cumsum(probs, axis=-1)
    threshold = uniform[..., None] * cumulative[..., -1:]
    token = ops.sum(ops.cast(cumulative <= threshold, "int32"), axis=-1)
    # Rounding may raise the threshold to the total.
    words = ops.arange(log_probs.shape[-1], dtype="int32")
    last = ops.max(ops.where(probs > 0, words, 0), axis=-1)
    return ops.minimum(token, last)
