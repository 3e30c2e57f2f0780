"""Sentence vectors whose directions all count alike."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class SentenceWhitening(keras.layers.Layer):
    """Shifts and turns sentence vectors so that those of a data set have unit variance.

    A text encoder's sentences differ most by which words they have and least by which
    word belongs to which; to paint what is said, both matter. `adapt` sets the weights,
    which are not trained; until then vectors stay as they are.

    Call arguments:
        sentence: float (batch, dim).

    Returns:
        float32 (batch, dim).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
    >>> sentences = np.random.default_rng(0).normal([3, 0], [5, 0.1], (1000, 2))
    >>> whitening = SentenceWhitening()
    >>> whitening.adapt(sentences, floor=1e-5)
    >>> np.asarray(whitening(sentences)).std(axis=0).round(1)
    array([1., 1.], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        # bfloat16 would lose what small directions say.
        super().__init__(**(kwargs | {"dtype": "float32", "trainable": False}))

    def build(self, input_shape: Any) -> None:
        dim = input_shape[-1]
        self.mean = self.add_weight(shape=(dim,), initializer="zeros", name="mean")
        self.matrix = self.add_weight(
            shape=(dim, dim), initializer="identity", name="matrix"
        )

    def call(self, sentence: Any) -> Any:
        return ops.matmul(ops.cast(sentence, "float32") - self.mean, self.matrix)

    def adapt(self, sentences: np.ndarray, floor: float = 1e-3) -> None:
        """Sets the weights.

        Args:
            sentences: float (texts, dim), of a data set.
            floor: a direction's variance counts at least as this share of the mean
                variance, so that noise is not made large.
        """
        if not self.built:
            self.build(sentences.shape)
        values = np.asarray(sentences, np.float64)
        mean = values.mean(axis=0)
        covariance = np.cov(values, rowvar=False, bias=True).reshape(2 * mean.shape)
        variances, directions = np.linalg.eigh(covariance)
        least = floor * max(variances.mean(), 1e-12)
        scales = 1 / np.sqrt(np.maximum(variances, 0) + least)
        # Symmetric: of all whitenings the one that turns the vectors least.
        self.mean.assign(mean.astype("float32"))
        self.matrix.assign(((directions * scales) @ directions.T).astype("float32"))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
