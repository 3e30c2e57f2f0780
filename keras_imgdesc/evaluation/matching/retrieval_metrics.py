"""Retrieval among all images and captions of a collection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.matching.score_function import ScoreFunction

CUTS = (1, 5, 10)


class RetrievalRecall:
    """Retrieval in both directions; see `retrieval_metrics`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.matching.retrieval_metrics import RetrievalRecall
    >>> def score(which, texts):  # each image prefers its own five captions
    ...     return np.eye(3)[which].repeat(5, axis=1)
    >>> RetrievalRecall().compute(score, draw_scenes("test", 3))["recall"]
    100.0
    """

    name = "recall"
    higher_is_better = True

    def compute(
        self, score: ScoreFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the numbers of `retrieval_metrics`.

        Args:
            score: f(I, D) of the collection's images.
            collection: images with captions.
        """
        counts = [len(example.captions) for example in collection]
        owner = np.repeat(np.arange(len(counts)), counts)
        scores = score(slice(0, len(counts)), collection.captions())
        return retrieval_metrics(scores, owner)


def retrieval_metrics(
    scores: np.ndarray, owner: Sequence[int] | np.ndarray
) -> dict[str, float]:
    """Compute recall at 1, 5 and 10 and the median rank, in both directions.

    From image to text, the best placed of an image's captions counts, as is customary
    with five captions per image. A tie counts as wrong.

    Args:
        scores: f(I, D), float `(images, texts)`.
        owner: row of the image that each text belongs to, int `(texts,)`.

    Returns:
        `image_to_text_recall_1` and so on, in percent;
        `image_to_text_median_rank`, from 1; both also as `text_to_image_...`; and
        `recall`, the mean of the six recalls.

    Reference:
        Hodosh, Young, Hockenmaier, "Framing Image Description as a Ranking Task", JAIR
        47, 2013.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.matching.retrieval_metrics import (
    ...     retrieval_metrics,
    ... )
    >>> found = retrieval_metrics(np.array([[3.0, 1.0], [2.0, 0.0]]), [0, 1])
    >>> found["image_to_text_recall_1"], found["text_to_image_recall_1"]
    (50.0, 50.0)
    """
    scores, owners = np.asarray(scores), np.asarray(owner)
    own = scores[owners, np.arange(len(owners))]
    text_ranks = (scores >= own[None]).sum(axis=0)
    image_ranks = np.full(len(scores), scores.shape[1] + 1)
    for row in np.unique(owners):
        mine = owners == row
        # One more than the wrong texts that score at least as high as its best own.
        wrong = scores[row][~mine]
        image_ranks[row] = 1 + (wrong >= scores[row][mine].max()).sum()
    found = {}
    for name, ranks in (
        ("image_to_text", image_ranks[np.unique(owners)]),
        ("text_to_image", text_ranks),
    ):
        for cut in CUTS:
            found[f"{name}_recall_{cut}"] = 100.0 * float((ranks <= cut).mean())
        found[f"{name}_median_rank"] = float(np.median(ranks))
    recalls = [value for name, value in found.items() if "recall" in name]
    return found | {"recall": float(np.mean(recalls))}
