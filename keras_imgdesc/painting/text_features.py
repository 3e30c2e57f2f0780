"""What a generator is told of a text."""

from __future__ import annotations

from typing import Any

from keras import ops


def text_features(generator: Any, found: Any) -> dict[str, Any]:
    """A text encoder's outputs as inputs of a generator.

    Args:
        generator: a `Generator`.
        found: `{"sentence", "words", "padding_mask"}`, outputs of a `TextEncoder`.

    Returns:
        `{"sentence": float (texts, dim)}`, and of a generator that looks at words
        `"words"` float (texts, words, dim), those of padding zero.
    """
    features = {"sentence": found["sentence"]}
    if generator.word_dim is not None:
        words = found["words"]
        mask = ops.cast(found["padding_mask"], words.dtype)
        features["words"] = words * mask[..., None]
    return features
