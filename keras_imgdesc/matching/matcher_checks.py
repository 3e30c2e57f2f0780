"""What an `ImageTextMatcher` is made of and asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import is_single
from keras_imgdesc.matching.embeddings import ImageEmbeddings

PARTS = ("image_encoder", "text_encoder", "image_tower", "text_tower", "pair_score")


def check_parts(image_encoder: Any, text_encoder: Any, image: Any, text: Any) -> None:
    """Refuses towers that are not made for the encoders, or not for each other."""
    for rule, given, wanted in (
        (
            "The image tower must be made for the encoder's feature map",
            tuple(image_encoder.feature_map_shape),
            tuple(image.feature_map_shape),
        ),
        (
            "The text tower must be made for the text encoder",
            (text_encoder.sequence_length, text_encoder.embedding_dim),
            (text.sequence_length, text.text_dim),
        ),
        ("Both towers must have one width", image.embedding_dim, text.embedding_dim),
    ):
        if given != wanted:
            raise InputError(
                rule, "Use ImageTextMatcher.build_parts", given=given, wanted=wanted
            )


def check_single(image: Any) -> None:
    """Refuses several pictures where one is asked for."""
    count = len(image) if isinstance(image, ImageEmbeddings) else None
    if count != 1 and not is_single(image):
        raise InputError(
            "It is asked of one picture", "Pass one at a time", image=type(image)
        )


def softmax(scores: np.ndarray) -> np.ndarray:
    """exp(scores) divided by their sum, float32 of the same shape (count,)."""
    powers = np.exp(scores - scores.max())
    return (powers / powers.sum()).astype(np.float32)
