"""Scores of a matcher as a differentiable function of pixels."""

from __future__ import annotations

from typing import Any

from keras import ops


class MatcherScores:
    """A matcher as a differentiable function of painted pixels and token ids.

    Args:
        matcher: matcher that scores the pairs; it is not trained.

    Call arguments:
        pixels: float (images, size, size, 3) in [-1, 1].
        token_ids: int32 (texts, words).

    Returns:
        f(I, D), float32 (images, texts).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder
    >>> from keras_imgdesc import ImageTextMatcher, VGG16Encoder, Vocabulary
    >>> from keras_imgdesc.painting import MatcherScores
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> matcher = ImageTextMatcher.build_parts(
    ...     VGG16Encoder(image_size=48, width=0.0625),
    ...     CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1))
    >>> scores = MatcherScores(matcher)(np.zeros((3, 32, 32, 3), "float32"),
    ...                                 np.ones((2, 6), "int32"))
    >>> tuple(scores.shape)
    (3, 2)
    """

    def __init__(self, matcher: Any) -> None:
        self.matcher = matcher

    def __call__(self, pixels: Any, token_ids: Any) -> Any:
        image = to_encoder(pixels, self.matcher.image_encoder)
        found = self.matcher(
            {"image": image, "token_ids": ops.convert_to_tensor(token_ids)},
            training=False,
        )
        return found["scores"]


def to_encoder(pixels: Any, encoder: Any) -> Any:
    """Convert pixels in [-1, 1] to the input of an image encoder, in its size."""
    size = encoder.image_size
    image = ops.cast(pixels, "float32") * 127.5 + 127.5
    if image.shape[1] != size:
        image = ops.image.resize(
            image, (size, size), "bilinear", data_format="channels_last"
        )
    return image
