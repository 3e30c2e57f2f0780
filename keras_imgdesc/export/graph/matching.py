"""Matching as TensorFlow operations."""

from __future__ import annotations

import tensorflow as tf

from keras_imgdesc.matching import ImageTextMatcher


def image_vectors(task: ImageTextMatcher, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
    """Embed images.

    Args:
        task: the matcher.
        pixels: uint8 (images, image_size, image_size, 3).

    Returns:
        `vector` float32 (images, embedding_dim) and `regions` float32 (images,
        regions, embedding_dim).
    """
    feature_map = task.image_encoder(pixels, training=False)
    return task.image_tower({"feature_map": feature_map}, training=False)


def text_vectors(task: ImageTextMatcher, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Embed texts.

    Args:
        task: the matcher.
        token_ids: int32 (texts, words).

    Returns:
        `vector` float32 (texts, embedding_dim), `words` float32 (texts, words,
        embedding_dim) and `padding_mask` bool (texts, words).
    """
    encoded = task.text_encoder({"token_ids": token_ids}, training=False)
    embedded = task.text_tower(
        {"sentence": encoded["sentence"], "words": encoded["words"]}, training=False
    )
    return dict(embedded) | {"padding_mask": encoded["padding_mask"]}
