"""Rank correlation of a matcher's scores with people's judgements."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.readers.judgements import JudgementCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.bootstrap import (
    CONFIDENCE,
    NUM_RESAMPLES,
    draw_counts,
    interval,
)
from keras_imgdesc.evaluation.captions.requirements import import_package
from keras_imgdesc.evaluation.matching.pair_scores import pair_scores
from keras_imgdesc.matching import ImageEmbeddings


@dataclass(frozen=True, eq=False)
class JudgementEvaluation:
    """How far a matcher agrees with people.

    Attributes:
        tau_c: Kendall's tau-c of scores and ratings, in percent.
        settings: numbers of images, captions and ratings.
        failed: error messages by the name of each image that could not be read.
        resampled: tau-c on resamples of the images, float `(resamples,)`, without those
            whose ratings or scores are all equal.
    """

    tau_c: float
    settings: dict[str, Any]
    failed: dict[str, str] = field(default_factory=dict)
    resampled: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def summary(self) -> dict[str, Any]:
        """Return settings, tau-c and its interval, rounded, as JSON values."""
        found = self.settings | {"tau_c": round(self.tau_c, 2)}
        if len(self.resampled):
            ends = interval(self.resampled)
            found["confidence"] = CONFIDENCE
            found["intervals"] = {"tau_c": [round(end, 2) for end in ends]}
        return found | {"failed": len(self.failed)}


def evaluate_judgements(
    matcher: Any,
    judgements: JudgementCollection,
    *,
    keep_own: bool = False,
    batch_size: int = 32,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    progress: bool = True,
) -> JudgementEvaluation:
    """Correlate f(I, D) of judged images and captions with the ratings.

    Each rating counts by itself, next to the score of its image and caption, as is
    usual for Flickr8k.

    Args:
        matcher: an `ImageTextMatcher`.
        judgements: judged captions.
        keep_own: whether to use judgements of captions that were written for the
            image; by convention they are omitted, since metrics with references would
            find the caption among them.
        batch_size: images per batch.
        num_resamples: number of resamples of the images for the interval; 0 for none.
        seed: seed of the resamples.
        progress: whether to show a progress bar.

    Returns:
        Kendall's tau-c. An image that cannot be read is listed in `failed` and omitted.

    Raises:
        InputError: no judgement remains, all ratings or all scores are equal, or scipy
            is not installed.

    Reference:
        Kendall's tau-c is Stuart's: "The Estimation and Comparison of Strengths of
        Association in Contingency Tables", Biometrika 40, 1953. The protocol is that of
        Anderson et al., "SPICE", https://arxiv.org/abs/1607.08822, and Hessel et al.,
        "CLIPScore", https://arxiv.org/abs/2104.08718
    """
    import_package("scipy.stats")
    used = [one for one in judgements.judged if keep_own or not one.is_own]
    paths = list(dict.fromkeys(one.image for one in used))
    images, row_of, failed = _embed(matcher, paths, batch_size, progress)
    used = [one for one in used if one.image in row_of]
    if not used:
        raise InputError(
            "There must be a judgement of a caption and an image that can be read",
            "Check the images, or keep captions that were written for the image",
            judgements=len(judgements.judged),
            own=sum(one.is_own for one in judgements.judged),
            failed=len(failed),
        )
    texts = list(dict.fromkeys(one.caption for one in used))
    number = {text: index for index, text in enumerate(texts)}
    rows = np.array([row_of[one.image] for one in used])
    columns = np.array([number[one.caption] for one in used])
    embedded = matcher.embed_texts(texts, allow_unknown=True)
    scores = pair_scores(matcher, images, embedded, rows, columns)

    ratings_per_caption = [len(one.ratings) for one in used]
    ratings = np.array([rating for one in used for rating in one.ratings])
    scores = np.repeat(scores, ratings_per_caption)
    owners = np.repeat(rows, ratings_per_caption)
    tau = kendall_tau_c(scores, ratings)
    if np.isnan(tau):
        raise InputError(
            "Ratings and scores must differ to be ranked",
            "Use judgements with different ratings of several captions",
            ratings=sorted(set(ratings.tolist())),
            scores=len(set(scores.tolist())),
        )
    draws = (
        row
        for counts in draw_counts(len(images), num_resamples, seed)
        for row in counts
    )
    bar = tqdm(draws, total=num_resamples, disable=not progress, unit="resample")
    resampled = []
    for drawn in bar:
        times = drawn[owners]
        again = kendall_tau_c(np.repeat(scores, times), np.repeat(ratings, times))
        if not np.isnan(again):  # all ratings of a few images can be equal
            resampled.append(again)
    settings = {
        "pictures": len(np.unique(rows)),
        "captions": len(used),
        "ratings": len(ratings),
        "own_captions_omitted": (
            0 if keep_own else sum(one.is_own for one in judgements.judged)
        ),
    }
    if num_resamples:
        settings |= {"resamples": num_resamples, "resampling_seed": seed}
    return JudgementEvaluation(tau, settings, failed, np.array(resampled))


def kendall_tau_c(scores: np.ndarray, ratings: np.ndarray) -> float:
    """Return Kendall's tau-c, the rank correlation for many ties, in percent.

    Args:
        scores, ratings: two rankings of the same things, float `(count,)`.

    Returns:
        From -100 to 100; NaN if all scores or all ratings are equal.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.matching.judgements import kendall_tau_c
    >>> round(kendall_tau_c(np.array([0.1, 0.2, 0.3]), np.array([1, 1, 2])), 2)
    88.89
    """
    stats = import_package("scipy.stats")
    return 100 * float(stats.kendalltau(scores, ratings, variant="c").statistic)


def _embed(
    matcher: Any, paths: list[Path], batch_size: int, progress: bool
) -> tuple[ImageEmbeddings, dict[Path, int], dict[str, str]]:
    """Return the embeddings, the row of each image, and the images that failed."""
    embedded: list[tuple[np.ndarray, np.ndarray]] = []
    row_of: dict[Path, int] = {}
    failed: dict[str, str] = {}
    stream = matcher.embed_images_stream(paths, batch_size=batch_size)
    bar = tqdm(stream, total=len(paths), disable=not progress, unit="img")
    for path, found in bar:
        if isinstance(found, ImageError):
            failed[path.name] = str(found)
        else:
            row_of[path] = len(embedded)
            embedded.append(found)
    # Without an image, there are no dimensions to ask for.
    vectors = np.stack([v for v, _ in embedded]) if embedded else np.zeros((0, 1))
    regions = np.stack([r for _, r in embedded]) if embedded else np.zeros((0, 1, 1))
    return ImageEmbeddings(vectors, regions), row_of, failed
