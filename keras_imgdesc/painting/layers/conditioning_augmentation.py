"""Conditioning augmentation: a condition drawn from a distribution."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConditioningAugmentation(keras.layers.Layer):
    """Draw a condition from a normal distribution computed from the sentence.

    Even many captions cover the space of sentences sparsely. Drawing fills the gaps,
    and `normal_divergence` keeps the space smooth. The noise is an input, so that
    every backend draws the same.

    Args:
        condition_dim: width of the condition.

    Call arguments:
        sentence: float (batch, dim).
        noise: float (batch, condition_dim), standard normal; zeros select the mean.

    Returns:
        Condition, mean and logarithm of the variance, each float32 (batch,
        condition_dim).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import ConditioningAugmentation
    >>> layer = ConditioningAugmentation(condition_dim=4)
    >>> drawn, mean, log_variance = layer(np.ones((2, 8)), np.zeros((2, 4)))
    >>> bool(np.allclose(drawn, mean)), tuple(log_variance.shape)
    (True, (2, 4))

    Reference:
        Zhang et al., "StackGAN: Text to Photo-realistic Image Synthesis with Stacked
        Generative Adversarial Networks", https://arxiv.org/abs/1612.03242
    """

    def __init__(self, condition_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.condition_dim = condition_dim
        self.hidden = keras.layers.Dense(
            2 * condition_dim, "leaky_relu", dtype=self.dtype_policy, name="hidden"
        )
        self.mean = keras.layers.Dense(
            condition_dim, dtype=self.dtype_policy, name="mean"
        )
        # The distribution is narrow at first, so that the text has more influence.
        self.log_variance = keras.layers.Dense(
            condition_dim,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(-3.0),
            dtype=self.dtype_policy,
            name="log_variance",
        )

    def build(self, sentence_shape: Any, noise_shape: Any = None) -> None:
        self.hidden.build(sentence_shape)
        hidden_shape = (sentence_shape[0], 2 * self.condition_dim)
        self.mean.build(hidden_shape)
        self.log_variance.build(hidden_shape)

    def call(self, sentence: Any, noise: Any) -> tuple[Any, Any, Any]:
        hidden = self.hidden(sentence)
        mean = ops.cast(self.mean(hidden), "float32")
        log_variance = ops.cast(self.log_variance(hidden), "float32")
        drawn = mean + ops.exp(0.5 * log_variance) * ops.cast(noise, "float32")
        return drawn, mean, log_variance

    def compute_output_spec(self, sentence: Any, noise: Any) -> Any:
        shape = (sentence.shape[0], self.condition_dim)
        return tuple(keras.KerasTensor(shape, "float32") for _ in range(3))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"condition_dim": self.condition_dim}
