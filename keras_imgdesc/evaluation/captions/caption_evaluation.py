"""Captions of a collection and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.evaluation.bootstrap import (
    CONFIDENCE,
    NUM_RESAMPLES,
    bootstrap,
    interval,
)
from keras_imgdesc.evaluation.captions.caption_metrics import CaptionMetric
from keras_imgdesc.evaluation.captions.tokenizers import CaptionSplitter, WordTokenizer
from keras_imgdesc.evaluation.metric import ResampledMetric

# Digits after the point, where two do not suit the range of a number.
_DIGITS = {"cider_d": 3, "length_ratio": 3, "empty_captions": 0}


@dataclass(frozen=True, eq=False)
class CaptionEvaluation:
    """Captions of a collection, and their scores.

    Attributes:
        metrics: the numbers of all metrics, by name.
        settings: settings of the search and the number of images.
        examples: the images that have a caption.
        captions: the captions, one per example.
        failed: error messages by the id of each image that could not be read.
        resampled: the numbers on resamples of the images, float `(resamples,)`, by
            name; see `bootstrap`.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    examples: list[CaptionedImage]
    captions: list[str]
    failed: dict[str, str]
    resampled: Mapping[str, np.ndarray] = field(default_factory=dict)

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Return the 95 % interval of each number that was resampled."""
        return {name: interval(values) for name, values in self.resampled.items()}

    def summary(self) -> dict[str, Any]:
        """Return settings, scores and intervals, rounded, as JSON values."""
        metrics = {k: round_score(k, value) for k, value in self.metrics.items()}
        found = self.settings | metrics
        if self.resampled:
            found["confidence"] = CONFIDENCE
            found["intervals"] = {
                name: [round_score(name, end) for end in ends]
                for name, ends in self.intervals().items()
            }
        return found | {"failed": len(self.failed)}


def round_score(name: str, value: float) -> float:
    """Return a number with as many digits as are shown of it.

    Args:
        name: name of the number.
        value: the number, or a difference of two.
    """
    return round(value, _DIGITS.get(name, 2))


def show_score(name: str, value: float) -> str:
    """Return a number as text with the digits of `round_score`.

    Args:
        name, value: see `round_score`.
    """
    return f"{value:.{_DIGITS.get(name, 2)}f}"


def score_captions(
    captions: Sequence[str],
    collection: CaptionCollection,
    metrics: Sequence[CaptionMetric],
    *,
    tokenizer: CaptionSplitter | None = None,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    failed: Mapping[str, str] | None = None,
) -> CaptionEvaluation:
    """Score captions, whoever wrote them, against references.

    Args:
        captions: captions, one per image.
        collection: images with reference captions.
        metrics: what to measure; see `build_metrics`.
        tokenizer: the tokenizer of these metrics; None if it is that of words.
        num_resamples: number of resamples of the images for the intervals; 0 for no
            intervals.
        seed: seed of the resamples.
        settings: what else to report.
        failed: error messages by the id of each image that could not be read.

    Returns:
        The scores.

    Raises:
        InputError: the numbers of captions and images differ, or a metric cannot be
            computed.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions
    >>> from keras_imgdesc.evaluation.captions.caption_metrics import build_metrics
    >>> scenes = draw_scenes("test", 3)
    >>> captions = [scene.captions[0] for scene in scenes]
    >>> found = score_captions(captions, scenes, build_metrics("bleu_4"))
    >>> found.summary()["bleu_4"], found.summary()["intervals"]["bleu_4"]
    (100.0, [100.0, 100.0])
    """
    texts = list(captions)
    split = tokenizer or WordTokenizer()
    split([*texts, *collection.captions()])  # all at once, for those that remember
    found: dict[str, float] = {}
    reported: dict[str, Any] = {
        "pictures": len(collection),
        **(settings or {}),
        "tokenizer": split.description,
    }
    samplers = []
    for metric in metrics:
        found |= metric.compute(texts, collection)
        reported |= getattr(metric, "settings", {})
        if num_resamples and isinstance(metric, ResampledMetric):
            samplers.append(metric.sampler(texts, collection))
    resampled = bootstrap(samplers, len(texts), num_resamples, seed) if samplers else {}
    if resampled:
        reported |= {"resamples": num_resamples, "resampling_seed": seed}
    return CaptionEvaluation(
        metrics=found,
        settings=reported,
        examples=list(collection.examples),
        captions=texts,
        failed=dict(failed or {}),
        resampled=resampled,
    )
