"""How well captions fit their images, judged by a matcher without references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.mean_metric import MeanMetric
from keras_imgdesc.evaluation.matching.pair_scores import pair_scores
from keras_imgdesc.matching import ImageEmbeddings


class MatcherScore(MeanMetric):
    """Mean f(I, D) of the images and their captions: a metric without references.

    Its scale is the matcher's own, so scores of different matchers cannot be compared.
    `evaluate_judgements` measures how far a matcher agrees with people. An empty
    caption cannot be embedded: it scores 0, as one that is orthogonal to its image.

    Args:
        matcher: an `ImageTextMatcher`.
        matcher_name: its name, reported with the score.
        batch_size: images embedded at a time.

    Reference:
        Hessel et al., "CLIPScore: A Reference-free Evaluation Metric for Image
        Captioning", https://arxiv.org/abs/2104.08718, with CLIP in place of the matcher
    """

    name = "matcher_score"
    higher_is_better = True

    def __init__(
        self, matcher: Any, matcher_name: str = "", batch_size: int = 32
    ) -> None:
        self.matcher = matcher
        self.settings = {"matcher": matcher_name}
        self.batch_size = batch_size
        # Embedding images takes long, and several captioners describe the same ones.
        self._embedded: tuple[list[CaptionedImage], ImageEmbeddings] | None = None

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `matcher_score` and `empty_captions`, their number.

        Args:
            captions, collection: see `score_images`.

        Raises:
            ImageError, InputError: see `score_images`.
        """
        empty = sum(not text.strip() for text in captions)
        return super().compute(captions, collection) | {"empty_captions": empty}

    def score_images(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, np.ndarray]:
        """Return `matcher_score`, the f(I, D) of each image and its caption.

        Args:
            captions: generated captions, one per image.
            collection: the images; their references are not read.

        Raises:
            ImageError: an image cannot be read.
            InputError: the numbers of captions and images differ.
        """
        texts, examples = list(captions), collection.examples
        if not 0 < len(texts) == len(examples):
            raise InputError(
                "A matcher scores one caption per image, of at least one image",
                "Pass as many captions as images",
                captions=len(texts),
                images=len(examples),
            )
        found = np.zeros(len(texts), np.float32)
        rows = np.flatnonzero([bool(text.strip()) for text in texts])
        if len(rows):
            embedded = self.matcher.embed_texts(
                [texts[row] for row in rows], allow_unknown=True
            )
            found[rows] = pair_scores(
                self.matcher,
                self._images(examples),
                embedded,
                rows,
                np.arange(len(rows)),
            )
        return {"matcher_score": found}

    def _images(self, examples: list[CaptionedImage]) -> ImageEmbeddings:
        # Examples are compared by identity: they have no other equality.
        if self._embedded is None or self._embedded[0] != examples:
            sources = [example.source for example in examples]
            images = self.matcher.embed_images(sources, batch_size=self.batch_size)
            self._embedded = (list(examples), images)
        return self._embedded[1]
