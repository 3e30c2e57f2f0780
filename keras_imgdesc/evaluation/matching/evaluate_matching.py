"""Score a matcher on a collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.matching.hard_choice import HardChoice
from keras_imgdesc.evaluation.matching.retrieval_metrics import RetrievalRecall
from keras_imgdesc.evaluation.matching.score_function import (
    MatchingMetric,
    score_function,
)
from keras_imgdesc.matching import ImageEmbeddings
from keras_imgdesc.text.word_swaps import WordSwaps


@dataclass(frozen=True)
class MatchingEvaluation:
    """Scores of a matcher on a collection.

    Attributes:
        metrics: numbers of `RetrievalRecall` or `HardChoice`.
        settings: numbers of images and captions, or of choices.
        failed: error messages by the id of each image that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    failed: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """Return settings and scores, rounded to two decimals, as JSON values."""
        metrics = {name: round(value, 2) for name, value in self.metrics.items()}
        return self.settings | metrics | {"failed": len(self.failed)}


def evaluate_matching(
    matcher: Any,
    collection: CaptionCollection,
    *,
    swaps: WordSwaps | None = None,
    choices: int = 100,
    limit: int | None = None,
    batch_size: int = 32,
    progress: bool = True,
) -> MatchingEvaluation:
    """Score retrieval in both directions, or the choice among similar captions.

    Args:
        matcher: an `ImageTextMatcher`.
        collection: images with captions.
        swaps: swaps that make a caption wrong. If given, the matcher has to choose
            each image's first caption among `choices` captions that resemble it (see
            `HardChoice`); None scores retrieval among all images and captions (see
            `RetrievalRecall`).
        choices: captions to choose from, the right one included.
        limit: number of images, from the start of the collection; None takes all.
        batch_size: images per batch.
        progress: whether to show a progress bar.

    Returns:
        The scores. An image that cannot be read is listed in `failed` and omitted,
        together with its captions.

    Raises:
        InputError: no image could be read.
    """
    examples = collection.examples[:limit]
    kept, embedded, failed = [], [], {}
    stream = matcher.embed_images_stream(
        [e.source for e in examples], batch_size=batch_size
    )
    bar = tqdm(stream, total=len(examples), disable=not progress, unit="img")
    for example, (_, found) in zip(examples, bar, strict=True):
        if isinstance(found, ImageError):
            failed[example.image_id] = str(found)
        else:
            kept.append(example)
            embedded.append(found)
    if not kept:
        raise InputError(
            "At least one image of the collection must be readable",
            "Check the paths of the images; the first error is: "
            f"{next(iter(failed.values()), 'there are no images')}",
            images=len(examples),
        )
    vectors, regions = zip(*embedded, strict=True)
    images = ImageEmbeddings(np.stack(vectors), np.stack(regions))
    scored = CaptionCollection(kept)
    settings: dict[str, Any] = {"pictures": len(kept)}
    metric: MatchingMetric
    if swaps is not None:
        metric = HardChoice(swaps, choices, progress)
    else:
        metric = RetrievalRecall()
        settings |= {"captions": len(scored.captions())}
    metrics = metric.compute(score_function(matcher, images), scored)
    if isinstance(metric, HardChoice):
        settings |= metric.settings
    return MatchingEvaluation(metrics, settings, failed)
