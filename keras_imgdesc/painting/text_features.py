"""The inputs of a generator that depend on the text."""

from __future__ import annotations

from typing import Any

from keras import ops


def text_features(generator: Any, embeddings: Any) -> dict[str, Any]:
    """Select a generator's inputs from the outputs of a text encoder.

    Args:
        generator: a `Generator`.
        embeddings: `{"sentence", "words", "padding_mask"}`, outputs of a
            `TextEncoder`.

    Returns:
        `{"sentence": float (texts, dim)}`, and for a generator that attends to words
        also `"words"`, float (texts, words, dim), zero where there is padding.
    """
    features = {"sentence": embeddings["sentence"]}
    if generator.word_dim is not None:
        words = embeddings["words"]
        mask = ops.cast(embeddings["padding_mask"], words.dtype)
        features["words"] = words * mask[..., None]
    return features
