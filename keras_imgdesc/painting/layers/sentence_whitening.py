"""Whitening of sentence vectors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class SentenceWhitening(keras.layers.Layer):
    """Shift and scale sentence vectors to unit variance in every direction.

    The vectors of a text encoder differ most by which words occur, and least by which
    word belongs to which. A painter needs both. `adapt` sets the weights, which are
    not trained; before that the layer is the identity.

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
        # bfloat16 would round small directions away.
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
        """Compute the weights from the sentences of a data set.

        Args:
            sentences: float (texts, dim).
            floor: smallest variance of a direction, as a share of the mean variance, so
                that noise is not amplified.
        """
        if not self.built:
            self.build(sentences.shape)
        values = np.asarray(sentences, np.float64)
        mean = values.mean(axis=0)
        covariance = np.cov(values, rowvar=False, bias=True).reshape(2 * mean.shape)
        variances, directions = np.linalg.eigh(covariance)
        least = floor * max(variances.mean(), 1e-12)
        scales = 1 / np.sqrt(np.maximum(variances, 0) + least)
        # The symmetric whitening rotates the vectors least.
        self.mean.assign(mean.astype("float32"))
        self.matrix.assign(((directions * scales) @ directions.T).astype("float32"))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
