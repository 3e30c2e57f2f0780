"""METEOR, aligned by the Java program in pycocoevalcap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.meteor_process import MeteorProcess
from keras_imgdesc.evaluation.captions.word_metric import JavaMetric
from keras_imgdesc.evaluation.metric import Sampler

# Parameters of METEOR 1.5 for English.
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
# Of exact matches, stems, synonyms and paraphrases.
STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])


class Meteor(JavaMetric):
    """METEOR 1.5 of a corpus: words aligned exactly, by stem, synonym or paraphrase.

    Runs in Java. The score of a corpus is not the mean of its images' scores: their
    counts are added up first.

    Args:
        tokenizer: splits captions and references into words.

    Reference:
        Denkowski and Lavie, "Meteor Universal", https://aclanthology.org/W14-3348
    """

    name = "meteor"
    higher_is_better = True

    def check(self) -> None:
        """Check that Java and pycocoevalcap are installed.

        Raises:
            InputError: one of them is missing.
        """
        MeteorProcess()

    def compute(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> dict[str, float]:
        """Return `meteor` in [0, 100].

        Args:
            captions: generated captions, one per image.
            collection: images with reference captions.

        Raises:
            InputError: the numbers of captions and images differ, Java or pycocoevalcap
                is missing, or Java fails.
        """
        statistics = self.measure_once(captions, collection)
        once = np.ones((1, len(statistics)), int)
        return {"meteor": float(meteor_scores(once, statistics)[0])}

    def sampler(
        self, captions: Sequence[str], collection: CaptionCollection
    ) -> Sampler:
        """Return a sampler of the same number; see `ResampledMetric.sampler`.

        Args:
            captions, collection: see `compute`.

        Raises:
            InputError: see `compute`.
        """
        statistics = self.measure_once(captions, collection)
        return lambda counts: {"meteor": meteor_scores(counts, statistics)}

    def measure(
        self, captions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        """Return the statistics of each image, float64 `(images, NUM_STATISTICS)`."""
        split = self.tokenizer
        pairs = zip(split(captions), references, strict=True)
        with MeteorProcess() as meteor:
            return np.stack([meteor.align(c, split(texts)) for c, texts in pairs])


def meteor_scores(counts: np.ndarray, statistics: np.ndarray) -> np.ndarray:
    """Compute METEOR of corpora from the statistics of their images.

    Args:
        counts: how often each corpus has each image, `(corpora, images)`.
        statistics: the images' statistics, `(images, NUM_STATISTICS)`; see
            `MeteorProcess.align`.

    Returns:
        float64 `(corpora,)`, in [0, 100].
    """
    statistics = statistics.copy()
    lengths, matches = statistics[:, :2], _stages(statistics).sum(axis=1)
    whole = np.stack([matches[:, 0] + matches[:, 2], matches[:, 1] + matches[:, 3]], 1)
    # A caption that equals its reference is not fragmented.
    is_equal = (whole == lengths).all(axis=1) & (statistics[:, 20] == 1)
    statistics[is_equal, 20] = 0
    total = counts @ statistics
    stages = np.tensordot(_stages(total), STAGE_WEIGHTS, axes=(1, 0))
    content, function = total[:, :2] - total[:, 2:4], total[:, 2:4]
    matched = DELTA * stages[:, :2] + (1 - DELTA) * stages[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = (matched / (DELTA * content + (1 - DELTA) * function)).T
        mean = 1 / ((1 - ALPHA) / precision + ALPHA / recall)
        fragmentation = total[:, 20] / (total[:, 21:].sum(axis=1) / 2)
        scores = mean * (1 - GAMMA * fragmentation**BETA)
    return 100 * np.maximum(0, np.nan_to_num(scores, nan=0.0))


def _stages(statistics: np.ndarray) -> np.ndarray:
    """Return the matches of each stage, `(rows, stages, 4)`.

    In the last axis: content words of caption and reference, function words of both.
    """
    return statistics[:, 4:20].reshape(-1, 4, 4)
