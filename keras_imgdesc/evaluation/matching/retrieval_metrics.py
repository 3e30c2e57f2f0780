"""How well the right one is found among all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CUTS = (1, 5, 10)


def retrieval_metrics(
    scores: np.ndarray, owner: Sequence[int] | np.ndarray
) -> dict[str, float]:
    """Recall at 1, 5 and 10 and the median rank, in both directions.

    Image to text, the best placed caption of a picture counts, as is the custom with
    five captions a picture. A tie counts against the right one.

    Args:
        scores: f(I, D), float (images, texts).
        owner: int (texts,), the row of each text's picture.

    Returns:
        `image_to_text_recall_1` and so on, in percent; `..._median_rank`, from 1; and
        `recall`, the mean of the six.

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
        # Above the best of its own: wrong ones, and itself.
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
