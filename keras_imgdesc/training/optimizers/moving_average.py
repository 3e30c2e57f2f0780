"""A moving average of a model's weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


class MovingAverage(keras.callbacks.Callback):
    """An exponential moving average of the trainable weights, updated in each step.

    Early in training, when weights change quickly, the decay is lower: after step `t`
    it is at most `(1 + t) / (10 + t)`.

    Keras' own `use_ema` replaces the weights with the average at the end of every
    `fit`, so a run with one `fit` per epoch would not continue from the weights it had
    reached.

    Args:
        model: compiled model.
        decay: share of the average kept in a step, in [0, 1); 0 disables averaging.

    Reference:
        Polyak and Juditsky, "Acceleration of stochastic approximation by averaging",
        1992.
    """

    def __init__(self, model: keras.Model, decay: float):
        super().__init__()
        self.decay = decay
        self._trained = model
        self.averaged = list(model.trainable_variables) if decay else []
        self.variables = [
            keras.Variable(_copy(v), trainable=False, dtype=v.dtype, name="average")
            for v in self.averaged
        ]

    def on_train_batch_end(self, batch, logs=None):
        if hasattr(self._trained, "jax_state_sync"):
            # JAX's `fit` keeps the state outside of the variables.
            self._trained.jax_state_sync()
        step = int(self._trained.optimizer.iterations)
        share = 1.0 - min(self.decay, (1 + step) / (10 + step))
        for average, weight in zip(self.variables, self.averaged, strict=True):
            average.assign_add((weight.value - average.value) * share)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Return a context in which the model has the average as its weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for average, weight in zip(self.variables, self.averaged, strict=True):
            held = _copy(weight)
            weight.assign(_copy(average))
            average.assign(held)


def _copy(variable: keras.Variable) -> np.ndarray:
    """Return the value in memory of its own: JAX's `fit` donates that of a weight."""
    return keras.ops.convert_to_numpy(variable).copy()
