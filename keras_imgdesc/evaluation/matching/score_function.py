"""A matcher as the metrics of matching see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.evaluation.metric import Metric
from keras_imgdesc.matching import ImageEmbeddings

# f(I, D): a slice of a collection's images and some texts to float (images, texts).
ScoreFunction = Callable[[slice, Sequence[str]], np.ndarray]

# Measures a matcher by its scores on the images of the collection.
MatchingMetric = Metric[ScoreFunction]

# Texts embedded at a time: a short list is padded to the smaller batch.
_FEW, _MANY = 128, 256


def score_any_texts(matcher: Any) -> Callable[[Any, Sequence[str]], np.ndarray]:
    """Return `matcher.score` for captions of a data set, also of unknown words alone.

    Args:
        matcher: an `ImageTextMatcher`.
    """

    def score(images: Any, texts: Sequence[str]) -> np.ndarray:
        return matcher.score(images, matcher.embed_texts(texts, allow_unknown=True))

    return score


def score_function(matcher: Any, images: ImageEmbeddings) -> ScoreFunction:
    """Return the function that scores embedded images of a collection with any texts.

    Args:
        matcher: an `ImageTextMatcher`.
        images: embeddings of the collection's images, in order.

    Returns:
        A function of a slice of the images and a list of texts to f(I, D), float32
        `(images, texts)`.
    """

    def score(which: slice, texts: Sequence[str]) -> np.ndarray:
        batch_size = _FEW if len(texts) <= _FEW else _MANY
        embedded = matcher.embed_texts(
            list(texts), batch_size=batch_size, allow_unknown=True
        )
        return matcher.score(images[which], embedded)

    return score
