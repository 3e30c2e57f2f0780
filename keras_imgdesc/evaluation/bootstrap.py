"""Confidence intervals of metrics, by resampling the images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from keras_imgdesc.evaluation.metric import Sampler

CONFIDENCE = 95.0
NUM_RESAMPLES = 1000
# Resamples drawn at a time, which bounds the memory.
_BLOCK = 50


def draw_counts(
    num_images: int, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> Iterator[np.ndarray]:
    """Draw bootstrap resamples: `num_images` images with replacement.

    Args:
        num_images: number of images, and size of each resample.
        num_resamples: number of resamples.
        seed: seed of the draw.

    Yields:
        How often each image is drawn, int64 `(resamples, num_images)`, for one block
        of resamples at a time.
    """
    generator = np.random.default_rng(seed)
    share = np.full(num_images, 1 / num_images)
    for start in range(0, num_resamples, _BLOCK):
        rows = min(_BLOCK, num_resamples - start)
        yield generator.multinomial(num_images, share, size=rows)


def bootstrap(
    samplers: Sequence[Sampler],
    num_images: int,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Compute metrics on resamples of the images.

    All metrics are computed on the same resamples. So are those of two models with the
    same images and seed, whose differences can be taken resample by resample.

    Args:
        samplers: samplers of `ResampledMetric`, all of the same images.
        num_images: number of images.
        num_resamples: number of resamples.
        seed: seed of the draw.

    Returns:
        The numbers of each resample, float `(num_resamples,)`, by name.

    Reference:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993. Koehn,
        "Statistical Significance Tests for Machine Translation Evaluation",
        https://aclanthology.org/W04-3250
    """
    blocks: list[dict[str, np.ndarray]] = []
    for counts in draw_counts(num_images, num_resamples, seed):
        found: dict[str, np.ndarray] = {}
        for sampler in samplers:
            found |= sampler(counts)
        blocks.append(found)
    names = blocks[0] if blocks else {}
    return {name: np.concatenate([block[name] for block in blocks]) for name in names}


def interval(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the percentile interval of resampled numbers.

    Args:
        values: the numbers of all resamples, float `(resamples,)`.
        confidence: share of the resamples inside, in percent.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.bootstrap import interval
    >>> interval(np.arange(101.0), confidence=90)
    (5.0, 95.0)
    """
    tail = (100 - confidence) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
