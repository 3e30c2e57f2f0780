"""What the training forms of generators have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from keras_imgdesc.painting.learning.backend_gradients import (
    StatelessStep,
    require_gradients,
)


class TrainedInSteps(keras.Model):
    """A model with a step of its own, which may have several optimizers.

    On TensorFlow it is trained as every Keras model; on JAX by `train_on_batch` alone,
    whose step is a pure function of variables and data.

    Attributes:
        generator: what is trained.
        average: its moving average, the one that is kept.
    """

    generator: Any
    average: Any
    train_function: Any

    @property
    @abstractmethod
    def optimizers(self) -> list[Any]:
        """In the order in which a checkpoint has them."""

    @abstractmethod
    def learn(self, data: Any) -> dict[str, Any]:
        """A step: changes `state`, and gives losses by name."""

    @property
    def state(self) -> list[Any]:
        """All variables that a step reads or changes."""
        optimizers = [v for optimizer in self.optimizers for v in optimizer.variables]
        return [*self.weights, *optimizers]

    def call(self, inputs: Any) -> Any:
        return self.average(inputs)

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.learn(data[0] if isinstance(data, tuple) else data)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """A step; see `keras.Model.train_on_batch`. On JAX it gives a dict.

        Raises:
            InputError: Keras runs on neither TensorFlow nor JAX.
        """
        require_gradients()
        if keras.backend.backend() == "tensorflow":
            return super().train_on_batch(x, *args, **kwargs)
        # `compile`, and whoever changes the objective, resets it.
        if self.train_function is None:
            self.train_function = StatelessStep(self.learn, self.state)
        logs = self.train_function(x)
        return {k: float(ops.convert_to_numpy(v)) for k, v in logs.items()}
