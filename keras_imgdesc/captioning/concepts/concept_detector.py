"""From a feature map to the everyday nouns that a classifier sees in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds
from keras_imgdesc.vision import ClassificationHead

_Index = Annotated[int, Bounds(0, 600_000)]


class ConceptConfig(TypedDict):
    """The arguments of a `ConceptDetector` in the configuration of a decoder."""

    class_nouns: Annotated[
        list[Annotated[list[_Index], Bounds(0, 100)]], Bounds(1, 100_000)
    ]
    noun_token_ids: Annotated[list[_Index], Bounds(1, 100_000)]
    num_concepts: NotRequired[Annotated[int, Bounds(1, 1000)]]
    threshold: NotRequired[Annotated[float, Bounds(0, 1)]]


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConceptDetector(keras.layers.Layer):
    """Find the most probable nouns of an image with the head of a classifier.

    The classes' probabilities, softmax(W·R(I) + b) with R(I) the mean of the feature
    map over the locations, are summed for each noun. A noun is given as the token id
    that it has in a decoder's vocabulary.

    W and b are frozen: they are a trained classifier's, for the same image encoder.

    Args:
        class_nouns: for each class, the indices in `noun_token_ids` of its nouns; a
            class may have none.
        noun_token_ids: token id of each noun.
        num_concepts: number of nouns found for an image, at least 1.
        threshold: smallest probability of a noun, in [0, 1).

    Call arguments:
        feature_map: float (batch, rows, columns, channels).

    Returns:
        Token ids, int32 (batch, num_concepts), the most probable noun first, and their
        probabilities, float32 (batch, num_concepts), 0 for a noun below the threshold.

    Raises:
        InputError: an argument is out of range, or no class has a noun.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.concepts.concept_detector import ConceptDetector
    >>> from keras_imgdesc.vision import ClassificationHead
    >>> detector = ConceptDetector([[0], [0], [1]], noun_token_ids=[7, 9],
    ...     num_concepts=1)
    >>> detector.build((None, 1, 1, 3))
    >>> detector.load_head(ClassificationHead.from_arrays(np.eye(3), np.zeros(3)))
    >>> image = np.array([2.0, 2.0, 1.0], "float32").reshape(1, 1, 1, 3)
    >>> token_ids, probabilities = detector(image)
    >>> int(token_ids[0, 0]), round(float(probabilities[0, 0]), 2)
    (7, 0.84)

    Reference:
        You et al., "Image Captioning with Semantic Attention",
        https://arxiv.org/abs/1603.03925
    """

    def __init__(
        self,
        class_nouns: Sequence[Sequence[int]],
        noun_token_ids: Sequence[int],
        num_concepts: int = 5,
        threshold: float = 0.05,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.class_nouns = [list(nouns) for nouns in class_nouns]
        self.noun_token_ids = list(noun_token_ids)
        self.num_concepts = num_concepts
        self.threshold = threshold
        count = len(self.noun_token_ids)
        if not 1 <= num_concepts <= count:
            raise InputError(
                "num_concepts must be at least 1 and at most the number of nouns",
                "Use for example 5",
                num_concepts=num_concepts,
                nouns=count,
            )
        if not 0 <= threshold < 1:
            raise InputError(
                "threshold must be in [0, 1)",
                "Use for example 0.05",
                threshold=threshold,
            )
        indices = [index for nouns in self.class_nouns for index in nouns]
        if not all(0 <= index < count for index in indices):
            raise InputError(
                "class_nouns must hold indices of noun_token_ids",
                "Build both from one table",
                smallest=min(indices),
                largest=max(indices),
                nouns=count,
            )
        if not indices:
            raise InputError(
                "A class must have a noun, or none is ever found",
                "Build class_nouns with ConceptTable.detector_config",
                classes=len(self.class_nouns),
                nouns=count,
            )
        # One entry per pair of class and noun, sorted by noun. A noun that a class has
        # twice counts once: its probability must not exceed 1.
        pairs = sorted(
            {
                (noun, row)
                for row, nouns in enumerate(self.class_nouns)
                for noun in nouns
            }
        )
        self._classes = np.array([row for _, row in pairs], np.int32)
        self._ends = np.searchsorted([n for n, _ in pairs], np.arange(count), "right")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        assert channels
        self.head = ClassificationHead(len(self.class_nouns), channels, name="head")
        self.head.trainable = False

    def load_head(self, head: ClassificationHead) -> None:
        """Copy W, b and the temperature of a classifier's head.

        Raises:
            InputError: the head has another number of channels or classes.
        """
        expected = (self.head.feature_dim, self.head.num_classes)
        if (head.feature_dim, head.num_classes) != expected:
            raise InputError(
                "The classifier's head must fit the feature map and the table of nouns",
                f"Use a head of {expected[0]} channels and {expected[1]} classes",
                feature_dim=head.feature_dim,
                num_classes=head.num_classes,
            )
        self.head.set_weights(head.get_weights())

    def call(self, feature_map: Any) -> tuple[Any, Any]:
        # Sums as differences of cumulative sums: a matrix of classes and nouns would
        # take 2 MB in a file for phones.
        pairs = ops.take(self.head.probabilities(feature_map), self._classes, axis=-1)
        sums = ops.pad(ops.cumsum(pairs, axis=-1), ((0, 0), (1, 0)))
        ends = ops.take(sums, self._ends.astype(np.int32), axis=-1)
        nouns = ends[:, 1:] - ends[:, :-1]
        nouns = ops.concatenate([ends[:, :1], nouns], axis=-1)
        weights, places = ops.top_k(nouns, self.num_concepts)
        ids = ops.convert_to_tensor(np.array(self.noun_token_ids, np.int32))
        token_ids = ops.take(ids, ops.cast(places, "int32"), axis=0)
        return token_ids, ops.where(weights < self.threshold, 0.0, weights)

    def compute_output_spec(self, feature_map: Any) -> Any:
        shape = (feature_map.shape[0], self.num_concepts)
        return keras.KerasTensor(shape, "int32"), keras.KerasTensor(shape, "float32")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "class_nouns": self.class_nouns,
            "noun_token_ids": self.noun_token_ids,
            "num_concepts": self.num_concepts,
            "threshold": self.threshold,
        }
