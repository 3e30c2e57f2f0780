"""One class that a classifier sees in an image."""

from __future__ import annotations

from typing import NamedTuple


class Prediction(NamedTuple):
    """A class and its probability.

    Attributes:
        label: name of the class.
        probability: P(class | image), from 0 to 1.

    Example:

    >>> from keras_imgdesc.prediction import Prediction
    >>> print(Prediction("Egyptian cat", 0.5964))
    Egyptian cat 0.596
    """

    label: str
    probability: float

    def __str__(self) -> str:
        return f"{self.label} {self.probability:.3f}"
