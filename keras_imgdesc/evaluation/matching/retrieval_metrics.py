"""Retrieval among all images and captions of a collection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.matching.score_function import ScoreFunction
from keras_imgdesc.text.right_texts import RightTexts, number_texts

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

        A text is right for every image that has it as a caption.

        Args:
            score: f(I, D) of the collection's images.
            collection: images with captions.
        """
        counts = [len(example.captions) for example in collection]
        owner = np.repeat(np.arange(len(counts)), counts)
        texts = collection.captions()
        scores = score(slice(0, len(counts)), texts)
        text_id = number_texts(texts)
        is_right = RightTexts(owner, text_id)(np.arange(len(counts)), text_id)
        return retrieval_metrics(scores, owner, is_right)


def retrieval_metrics(
    scores: np.ndarray,
    owner: Sequence[int] | np.ndarray,
    is_right: np.ndarray | None = None,
) -> dict[str, float]:
    """Compute recall at 1, 5 and 10 and the median rank, in both directions.

    In both directions the best placed right answer counts, as is customary with five
    captions per image. A tie with a wrong answer counts as wrong.

    Args:
        scores: f(I, D), float `(images, texts)`.
        owner: row of the image that each text belongs to, int `(texts,)`.
        is_right: bool `(images, texts)`, whether a text is right for an image, as for
            several images with the same text; None means only for its owner.

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
    if is_right is None:
        is_right = np.arange(len(scores))[:, None] == owners
    text_ranks = _ranks(scores.T, is_right.T)
    image_ranks = _ranks(scores, is_right)
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


def _ranks(scores: np.ndarray, is_right: np.ndarray) -> np.ndarray:
    """Return the rank of the best right answer in each row, from 1.

    It is one more than the number of wrong answers that do not score lower.
    """
    best = np.where(is_right, scores, -np.inf).max(axis=1)
    return 1 + (~is_right & ~(scores < best[:, None])).sum(axis=1)
