"""The classes that a classifier sees in an image."""

from __future__ import annotations

from collections.abc import Iterable
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


class Predictions(list[Prediction]):
    """The classes of an image, the most probable first.

    Args:
        classes: the classes.
        damaged: whether data of the image are missing, see `load_image`.

    Attributes:
        damaged: as given.

    Example:

    >>> from keras_imgdesc.prediction import Prediction, Predictions
    >>> found = Predictions([Prediction("Egyptian cat", 0.5964)])
    >>> found.damaged, found[0].label
    (False, 'Egyptian cat')
    """

    def __init__(
        self, classes: Iterable[Prediction] = (), damaged: bool = False
    ) -> None:
        super().__init__(classes)
        self.damaged = damaged
