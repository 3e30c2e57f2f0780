"""f(I, D) of pairs, each of one image and one text."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.matching import ImageEmbeddings, MatchedTexts

# Pairs scored at a time: a matcher scores all images with all texts of a block.
_BLOCK = 32


def pair_scores(
    matcher: Any,
    images: ImageEmbeddings,
    texts: MatchedTexts,
    image_rows: np.ndarray,
    text_rows: np.ndarray,
) -> np.ndarray:
    """Compute f(I, D) of pairs of embedded images and texts.

    Args:
        matcher: an `ImageTextMatcher`.
        images: embedded images.
        texts: embedded texts.
        image_rows: the image of each pair, int `(pairs,)`.
        text_rows: the text of each pair, int `(pairs,)`.

    Returns:
        float32 `(pairs,)`.
    """
    found = np.empty(len(image_rows), np.float32)
    for start in range(0, len(found), _BLOCK):
        part = slice(start, start + _BLOCK)
        block = matcher.score(images[image_rows[part]], texts[text_rows[part]])
        found[part] = np.diagonal(block)
    return found
