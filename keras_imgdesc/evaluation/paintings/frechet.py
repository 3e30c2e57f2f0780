"""Fréchet distance (FID) between painted and real images."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import select_texts
from keras_imgdesc.evaluation.paintings.paint_function import (
    PaintFunction,
    paint_texts,
)
from keras_imgdesc.evaluation.paintings.real_features import RealFeatures


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the squared Fréchet distance of Gaussians fitted to two sets of features.

    `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`. The root is computed in float64 from
    the symmetric `C1^(1/2) C2 C1^(1/2)`, whose eigenvalues are real and at least 0, so
    it stays finite with fewer images than features.

    Args:
        first: features of one set, float `(images, features)`, at least 2 images.
        second: features of the other set, likewise.

    Returns:
        The distance, at least 0. It grows as the number of images falls: compare it
        only between sets of equal size and features of one extractor.

    Raises:
        InputError: a set has fewer than 2 images, the numbers of features differ, or a
            feature is not finite.

    Reference:
        Heusel et al., "GANs trained by a two time-scale update rule",
        https://arxiv.org/abs/1706.08500

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.frechet import frechet_distance
    >>> features = np.random.default_rng(0).normal(size=(50, 4))
    >>> round(frechet_distance(features, features + 3), 6)
    36.0
    """
    first, second = (np.asarray(x, np.float64) for x in (first, second))
    if min(len(first), len(second)) < 2 or first.shape[1:] != second.shape[1:]:
        raise InputError(
            "Both sets must have at least 2 images and the same number of features",
            "Pass the features of more images, computed by one extractor",
            first=first.shape,
            second=second.shape,
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InputError(
            "Features must be finite",
            "Check the extractor's weights and precision for NaN or overflow",
        )
    shift = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    product = root @ covariances[1] @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    traces = sum(float(np.trace(covariance)) for covariance in covariances)
    distance = float(shift @ shift) + traces - 2 * np.sqrt(eigenvalues.clip(0)).sum()
    return max(0.0, float(distance))


class FrechetDistance:
    """The Fréchet distance of painted to real images, beside that of real to real.

    Real images are resized to the size of the painted ones first.

    Args:
        extractor: images to features, with a `name`, such as a `FeatureExtractor`.
        limit: number of texts and of real images, from the start of their collections;
            None takes all.
        seed: seed of the painting.
        reference: real images to compare with; None takes those whose texts are
            painted.
    """

    name = "fid"
    higher_is_better = False

    def __init__(
        self,
        extractor: Any,
        limit: int | None = None,
        seed: int = 0,
        reference: CaptionCollection | None = None,
    ) -> None:
        self.extractor = extractor
        self.limit = limit
        self.seed = seed
        self.reference = reference
        self.settings = {"fid_extractor": extractor.name}
        self._real = RealFeatures(extractor)

    def compute(
        self, paint: PaintFunction, collection: CaptionCollection
    ) -> dict[str, float]:
        """Return the distances and the numbers of images behind them.

        Args:
            paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            collection: images with captions.

        Returns:
            `fid`; `fid_floor`, the distance between the real images at even and at odd
            positions; `fid_relative`, `fid` divided by the variance of the real
            features, which stays readable for extractors whose features are in the
            thousands; and the numbers of images, `fid_painted` and `fid_real`.
        """
        texts = select_texts(collection, self.limit)
        painted = paint_texts(paint, texts, self.seed)
        reference = collection if self.reference is None else self.reference
        real = self._real(reference, painted.shape[1], self.limit)
        distance = frechet_distance(real, self.extractor(painted))
        variance = float(real.var(axis=0, dtype=np.float64).sum())
        return {
            "fid": distance,
            "fid_relative": distance / max(variance, 1e-12),
            "fid_floor": frechet_distance(real[::2], real[1::2]),
            "fid_painted": float(len(painted)),
            "fid_real": float(len(real)),
        }
