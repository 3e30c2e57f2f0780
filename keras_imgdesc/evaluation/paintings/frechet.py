"""Fréchet distance between painted and real pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    chosen_texts,
    paint,
)
from keras_imgdesc.evaluation.paintings.real_features import RealFeatures


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared Fréchet distance of the Gaussians through two sets of features.

    `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`. The root is that of the symmetric
    `C1^(1/2) C2 C1^(1/2)`, whose eigenvalues are real and at least 0, in float64: it
    stays finite where there are fewer pictures than features.

    Args:
        first, second: float `(pictures, features)`, at least 2 pictures each.

    Returns:
        At least 0. It grows as pictures grow fewer: compare it only between sets of
        one size, seen by one extractor.

    Raises:
        InputError: fewer than 2 pictures, other features, or a value not finite.

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
            "Two sets of features must have 2 pictures at least, and the same features",
            "Give more pictures, of one extractor",
            first=first.shape,
            second=second.shape,
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InputError(
            "Features must be finite", "Look for NaN in the pictures' features"
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
    """Painted against real pictures, beside the floor of real against real.

    Real pictures are made as small as the painted ones before either is looked at.

    Args:
        extractor: pictures to features, with a `name`: a `FeatureExtractor`.
        limit: only so many pictures of the collection.
        seed: of the painting.
        reference: real pictures to compare with, others than those whose texts are
            painted; None means those.
    """

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

    def __call__(
        self, generate: GenerateFunction, validation: CaptionCollection
    ) -> dict[str, float]:
        """Measures a generator.

        Args:
            generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`.
            validation: pictures with captions.

        Returns:
            `fid`; `fid_floor`, what the even and the odd half of the real pictures
            have; `fid_relative`, `fid` as a share of the real features' variance, which
            stays readable where an extractor's features are in the thousands; and how
            many pictures there were, `fid_painted` and `fid_real`.
        """
        painted = paint(generate, chosen_texts(validation, self.limit), self.seed)
        reference = validation if self.reference is None else self.reference
        real = self._real(reference, painted.shape[1], self.limit)
        distance = frechet_distance(real, self.extractor(painted))
        spread = float(real.var(axis=0, dtype=np.float64).sum())
        return {
            "fid": distance,
            "fid_relative": distance / max(spread, 1e-12),
            "fid_floor": frechet_distance(real[::2], real[1::2]),
            "fid_painted": float(len(painted)),
            "fid_real": float(len(real)),
        }
