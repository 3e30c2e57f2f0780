"""A classifier that only sees features: it is never trained on what is painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.errors import InputError


class LinearClassifier:
    """Logistic regression on standardised features.

    Args:
        features: float `(pictures, features)`, of real pictures.
        labels: the class of each; two classes at least.

    Raises:
        InputError: scikit-learn is missing, another number of labels, or one class.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.linear_classifier import (
    ...     LinearClassifier,
    ... )
    >>> classifier = LinearClassifier(np.eye(2).repeat(4, axis=0), [5] * 4 + [6] * 4)
    >>> classifier.top(np.eye(2)[:1], 1)
    array([[5]])
    """

    def __init__(self, features: np.ndarray, labels: Sequence[int]) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler
        except ImportError as error:
            raise InputError(
                "The classifier needs scikit-learn",
                "Run: pip install 'keras-imgdesc[eval]'",
                missing="sklearn",
            ) from error
        if len(features) != len(labels) or len(set(labels)) < 2:
            raise InputError(
                "There must be a label for each picture, of two classes at least",
                "Give labels as many as pictures",
                pictures=len(features),
                labels=len(labels),
                classes=len(set(labels)),
            )
        self.model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
        )
        self.model.fit(features, np.asarray(labels))

    def top(self, features: np.ndarray, count: int) -> np.ndarray:
        """The likeliest classes of each picture, the likeliest first.

        Args:
            features: float `(pictures, features)`.
            count: how many classes; all where there are fewer.

        Returns:
            `(pictures, count)`, of the labels' type.
        """
        chances = self.model.predict_proba(features)
        order = np.argsort(-chances, axis=1, kind="stable")[:, :count]
        return self.model.classes_[order]

    def accuracy(
        self, features: np.ndarray, labels: Sequence[int], count: int = 1
    ) -> float:
        """How often the class is among the likeliest, in percent."""
        found = self.top(features, count) == np.asarray(labels)[:, None]
        return 100.0 * float(found.any(axis=1).mean())
