"""The likeliest words of beams, found without sorting the vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.captioning.search.decoding import IMPOSSIBLE, first_rows

# Number of words in a block of the vocabulary.
_BLOCK = 64


def likeliest_words(log_probs: Any, addend: Any, count: int) -> tuple[Any, Any]:
    """Return the words of highest log-probability, the likeliest first.

    Of two words with equal log-probabilities, the one of the lower id comes first.

    A large vocabulary is divided into blocks. The `count` likeliest words are in the
    `count` blocks of highest maximum: maxima are fast in LiteRT, and `top_k`, which is
    slow there, is left with few numbers.

    Args:
        log_probs: float32 (batch, beams, size).
        addend: float32 (size,), added to the log-probabilities.
        count: number of words per beam, at most `size`.

    Returns:
        The sums, float32 (batch, beams, count), at least `IMPOSSIBLE`, and the token
        ids, int32 (batch, beams, count).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.search.candidates import likeliest_words
    >>> log_probs = np.log(np.array([[[0.5, 0.1, 0.3, 0.1]]], "float32"))
    >>> _, token_ids = likeliest_words(log_probs, np.zeros(4, "float32"), 3)
    >>> np.asarray(token_ids).tolist()
    [[[0, 2, 1]]]
    """
    size = log_probs.shape[-1]
    blocks = -(-size // _BLOCK)
    if 2 * (blocks + count * _BLOCK) > size or count > blocks:
        found, token_ids = ops.top_k(log_probs + addend, count)
        return ops.maximum(found, IMPOSSIBLE), ops.cast(token_ids, "int32")
    rest = blocks * _BLOCK - size
    never = ops.convert_to_tensor(np.full((rest,), 2 * IMPOSSIBLE, np.float32))
    sums = ops.pad(log_probs, [[0, 0], [0, 0], [0, rest]])
    sums = sums + ops.concatenate([addend, never], axis=0)
    beams = log_probs.shape[1]
    sums = ops.reshape(sums, (-1, beams * blocks, _BLOCK))
    maxima = ops.reshape(ops.max(sums, axis=-1), (-1, beams, blocks))
    _, chosen = ops.top_k(maxima, count)
    # In the order of the vocabulary, because that decides between equal words.
    chosen = ops.negative(ops.top_k(ops.negative(ops.cast(chosen, "int32")), count)[0])
    rows = ops.arange(beams, dtype="int32")[:, None] * blocks + chosen
    rows = ops.reshape(rows, (-1, beams * count))
    rows = rows + first_rows(maxima[..., 0]) * blocks
    words = ops.take(ops.reshape(sums, (-1, _BLOCK)), rows, axis=0)
    words = ops.reshape(words, (-1, beams, count * _BLOCK))
    found, place = ops.top_k(words, count)
    place = ops.cast(place, "int32")
    block = ops.floor_divide(place, _BLOCK)
    is_it = ops.equal(ops.expand_dims(block, -1), ops.arange(count, dtype="int32"))
    first = ops.sum(ops.where(is_it, ops.expand_dims(chosen * _BLOCK, 2), 0), axis=-1)
    token_ids = first + place - block * _BLOCK
    return ops.maximum(found, IMPOSSIBLE), token_ids
