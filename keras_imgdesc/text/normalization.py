"""Unicode's composed form (NFC), in TensorFlow operations.

A word may be written with letters that carry their marks, or with letters followed by
marks. Both are the same word only in one of Unicode's normal forms. TensorFlow has no
operation for them without `tensorflow_text`, which a server need not have.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

# Planes 0 to 2 have all characters that normalization changes.
_END = 0x30000
_SHIFT = 21  # bits of a code point
# Hangul is composed by arithmetic: a syllable of a leading consonant (L), a vowel (V)
# and, possibly, a trailing consonant (T).
_S, _L, _V, _T = 0xAC00, 0x1100, 0x1161, 0x11A7
_L_COUNT, _V_COUNT, _T_COUNT = 19, 21, 28
_S_COUNT = _L_COUNT * _V_COUNT * _T_COUNT


class _Tables(NamedTuple):
    """What Python's `unicodedata` says; the keys are sorted.

    Attributes:
        decomposed, parts, num_parts: characters, what each consists of, int32
            (characters, 4), and of how many parts.
        marked, classes: characters of a canonical combining class that is not 0.
        seconds: characters that may join the one before them.
        pairs, composites: pairs of characters, as one number, and what they compose.
    """

    decomposed: np.ndarray
    parts: np.ndarray
    num_parts: np.ndarray
    marked: np.ndarray
    classes: np.ndarray
    seconds: np.ndarray
    pairs: np.ndarray
    composites: np.ndarray


def compose(texts: tf.Tensor) -> tf.Tensor:
    """Convert texts to NFC, as `unicodedata.normalize` does.

    Only texts with a character that may change are converted: others cost one search.

    Args:
        texts: strings of UTF-8, of any shape.

    Returns:
        Strings of the same shape.
    """
    may_change = tf.strings.regex_full_match(texts, _pattern())

    def converted() -> tf.Tensor:
        flat = tf.reshape(texts, [-1])
        rows = tf.where(tf.reshape(may_change, [-1]))
        changed = _compose_all(tf.gather_nd(flat, rows))
        flat = tf.tensor_scatter_nd_update(flat, rows, changed)
        return tf.reshape(flat, tf.shape(texts))

    composed = tf.cond(tf.reduce_any(may_change), converted, lambda: tf.identity(texts))
    return tf.ensure_shape(composed, texts.shape)


def _compose_all(texts: tf.Tensor) -> tf.Tensor:
    """Convert strings (texts,) to NFC.

    The characters of all texts are in one vector, so that the work does not depend on
    the longest text.
    """
    tables = _tables()
    decoded = tf.strings.unicode_decode(texts, "UTF-8")
    characters, row_of = decoded.flat_values, tf.cast(decoded.value_rowids(), tf.int32)

    # === Decompose ===
    where, is_found = _find(tables.decomposed, characters)
    counts = tf.where(is_found, tf.gather(tables.num_parts, where), 1)
    source = tf.repeat(tf.range(tf.size(characters)), counts)
    part = tf.range(tf.size(source)) - tf.gather(
        tf.cumsum(counts, exclusive=True), source
    )
    parts = tf.gather_nd(tables.parts, tf.stack([tf.gather(where, source), part], 1))
    characters = tf.where(
        tf.gather(is_found, source), parts, tf.gather(characters, source)
    )
    row_of = tf.gather(row_of, source)

    # === Order the marks of each letter by their classes ===
    is_first = tf.concat([[True], row_of[1:] != row_of[:-1]], 0)[: tf.size(row_of)]
    classes = _classes(characters)
    letter = tf.cumsum(tf.cast(is_first | (classes == 0), tf.int64))
    order = tf.argsort(letter * 256 + tf.cast(classes, tf.int64), stable=True)
    characters, classes = tf.gather(characters, order), tf.gather(classes, order)

    # === Compose ===
    _, may_join = _find(tables.seconds, characters)
    is_start = is_first | ((classes == 0) & ~may_join)
    starts = tf.cast(tf.where(is_start)[:, 0], tf.int32)
    lengths = (
        tf.concat([starts[1:], [tf.size(characters)]], 0)[: tf.size(starts)] - starts
    )
    characters, is_kept = _compose_runs(characters, classes, starts, lengths)
    composed = tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(characters, is_kept),
        tf.boolean_mask(row_of, is_kept),
        nrows=tf.size(texts),
    )
    return tf.strings.unicode_encode(composed, "UTF-8")


def _compose_runs(
    characters: tf.Tensor, classes: tf.Tensor, starts: tf.Tensor, lengths: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compose runs of characters that may join, all runs at a time.

    Args:
        characters: int32 (characters,), decomposed and in canonical order.
        classes: int32 (characters,), their combining classes.
        starts, lengths: int32 (runs,), where each run begins, and its length.

    Returns:
        The characters, int32, and which of them are left, bool.
    """
    # The letter that the next character may join, as an index, and the class of the
    # last mark that did not join it; a mark without a letter is joined by nothing.
    first = tf.gather(classes, starts)
    state = (
        tf.constant(1),
        characters,
        tf.ones_like(characters, tf.bool),
        starts,
        tf.where(first == 0, 0, 256),
    )

    def is_left(step: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return step < tf.reduce_max(tf.concat([lengths, [0]], 0))

    def join(
        step: tf.Tensor,
        characters: tf.Tensor,
        is_kept: tf.Tensor,
        letters: tf.Tensor,
        last: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        runs = tf.where(lengths > step)
        here = tf.gather_nd(starts, runs) + step
        letter, before = tf.gather_nd(letters, runs), tf.gather_nd(last, runs)
        own = tf.gather(classes, here)
        pair = tf.gather(characters, letter), tf.gather(characters, here)
        composite = _composite(*pair)
        joins = (composite >= 0) & ((before < own) | (before == 0))
        characters = tf.tensor_scatter_nd_update(
            characters, letter[:, None], tf.where(joins, composite, pair[0])
        )
        is_kept = tf.tensor_scatter_nd_update(is_kept, here[:, None], ~joins)
        is_letter = ~joins & (own == 0)
        letters = tf.tensor_scatter_nd_update(
            letters, runs, tf.where(is_letter, here, letter)
        )
        last = tf.tensor_scatter_nd_update(last, runs, tf.where(joins, before, own))
        return step + 1, characters, is_kept, letters, last

    _, characters, is_kept, *_ = tf.while_loop(is_left, join, state)
    return characters, is_kept


def _composite(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Return what pairs of characters compose, int32 (pairs,); -1 for nothing."""
    tables = _tables()
    key = tf.cast(first, tf.int64) * (1 << _SHIFT) + tf.cast(second, tf.int64)
    where, is_found = _find(tables.pairs, key)
    found = tf.where(is_found, tf.gather(tables.composites, where), -1)
    lead, vowel, trail, syllable = first - _L, second - _V, second - _T, first - _S
    is_open = (lead >= 0) & (lead < _L_COUNT) & (vowel >= 0) & (vowel < _V_COUNT)
    found = tf.where(is_open, _S + (lead * _V_COUNT + vowel) * _T_COUNT, found)
    is_closed = (syllable >= 0) & (syllable < _S_COUNT) & (syllable % _T_COUNT == 0)
    is_closed &= (trail > 0) & (trail < _T_COUNT)
    return tf.where(is_closed, first + trail, found)


def _classes(characters: tf.Tensor) -> tf.Tensor:
    where, is_found = _find(_tables().marked, characters)
    return tf.where(is_found, tf.gather(_tables().classes, where), 0)


def _find(keys: np.ndarray, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return indices of values among sorted keys, int32, and whether they are keys."""
    where = tf.searchsorted(keys, values)
    where = tf.minimum(where, len(keys) - 1)
    return where, tf.gather(keys, where) == values


@cache
def _tables() -> _Tables:
    parts, classes, pairs = {}, {}, {}
    for code in range(_END):
        if _S <= code < _S + _S_COUNT or 0xD800 <= code < 0xE000:
            continue
        character = chr(code)
        if mark := unicodedata.combining(character):
            classes[code] = mark
        found = unicodedata.decomposition(character)
        if not found or found.startswith("<"):
            continue
        parts[code] = [ord(c) for c in unicodedata.normalize("NFD", character)]
        both = [int(one, 16) for one in found.split()]
        if len(both) == 2 and unicodedata.normalize("NFC", character) == character:
            pairs[both[0] << _SHIFT | both[1]] = code
    seconds = {pair & ((1 << _SHIFT) - 1) for pair in pairs}
    seconds |= {*range(_V, _V + _V_COUNT), *range(_T + 1, _T + _T_COUNT)}
    width = max(map(len, parts.values()))

    def sorted_items(
        table: dict[int, int], dtype: str
    ) -> tuple[np.ndarray, np.ndarray]:
        keys = sorted(table)
        return np.array(keys, dtype), np.array([table[k] for k in keys], "int32")

    marked, mark_classes = sorted_items(classes, "int32")
    keys, composites = sorted_items(pairs, "int64")
    decomposed = sorted(parts)
    return _Tables(
        np.array(decomposed, "int32"),
        np.array(
            [parts[c] + [0] * (width - len(parts[c])) for c in decomposed], "int32"
        ),
        np.array([len(parts[c]) for c in decomposed], "int32"),
        marked,
        mark_classes,
        np.array(sorted(seconds), "int32"),
        keys,
        composites,
    )


@cache
def _pattern() -> str:
    """Return a regular expression of texts that may not be composed."""
    tables = _tables()
    changed = [
        code
        for code in tables.decomposed.tolist()
        if unicodedata.normalize("NFC", chr(code)) != chr(code)
    ]
    codes = sorted({*changed, *tables.marked.tolist(), *tables.seconds.tolist()})
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    inside = "".join(rf"\x{{{a:X}}}-\x{{{b:X}}}" for a, b in ranges)
    return f"(?s).*[{inside}].*"
