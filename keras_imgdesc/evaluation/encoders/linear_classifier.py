"""A linear classifier of features of real images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_imgdesc.errors import InputError


class LinearClassifier:
    """Logistic regression on standardised features.

    Args:
        features: features of real images, float `(images, features)`.
        labels: class of each image; at least two classes.

    Raises:
        InputError: scikit-learn is not installed, the numbers of images and labels
            differ, or there is only one class.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.encoders.linear_classifier import (
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
                "Each image needs a label, and there must be at least two classes",
                "Pass one label per image, of two or more classes",
                images=len(features),
                labels=len(labels),
                classes=len(set(labels)),
            )
        self.model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
        )
        self.model.fit(features, np.asarray(labels))

    def top(self, features: np.ndarray, count: int) -> np.ndarray:
        """Return the most probable classes of each image, the most probable first.

        Args:
            features: float `(images, features)`.
            count: number of classes; all if there are fewer.

        Returns:
            `(images, count)`, of the type of the labels.
        """
        probabilities = self.model.predict_proba(features)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
        return self.model.classes_[order]

    def accuracy(
        self, features: np.ndarray, labels: Sequence[int], count: int = 1
    ) -> float:
        """Return how often the right class is among the most probable ones.

        Args:
            features: float `(images, features)`.
            labels: right class of each image.
            count: number of classes that may contain the right one.

        Returns:
            Top-`count` accuracy in percent.
        """
        found = self.top(features, count) == np.asarray(labels)[:, None]
        return 100.0 * float(found.any(axis=1).mean())
