"""The base of models with their own training step."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from keras_imgdesc.painting.learning.backend_gradients import (
    StatelessStep,
    require_gradients,
)


class CustomStepModel(keras.Model):
    """A model that defines its training step and may have several optimizers.

    On TensorFlow it is trained like every Keras model. On JAX only `train_on_batch`
    works, which compiles the step as a pure function of variables and data.

    Attributes:
        generator: generator that is trained.
        average: generator with the moving average of its weights, which is saved.
    """

    generator: Any
    average: Any
    train_function: Any

    @property
    @abstractmethod
    def optimizers(self) -> list[Any]:
        """The optimizers, in the order of a checkpoint."""

    @abstractmethod
    def learn(self, data: Any) -> dict[str, Any]:
        """Do one training step, which changes `state`, and return losses by name."""

    @property
    def state(self) -> list[Any]:
        """All variables that a training step reads or changes."""
        optimizers = [v for optimizer in self.optimizers for v in optimizer.variables]
        return [*self.weights, *optimizers]

    def call(self, inputs: Any) -> Any:
        return self.average(inputs)

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.learn(data[0] if isinstance(data, tuple) else data)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Do one training step; see `keras.Model.train_on_batch`.

        Returns:
            On JAX always a dict of losses by name.

        Raises:
            InputError: the backend of Keras is neither TensorFlow nor JAX.
        """
        require_gradients()
        if keras.backend.backend() == "tensorflow":
            return super().train_on_batch(x, *args, **kwargs)
        # `compile` resets it, and so must whoever changes the objective.
        if self.train_function is None:
            self.train_function = StatelessStep(self.learn, self.state)
        logs = self.train_function(x)
        return {k: float(ops.convert_to_numpy(v)) for k, v in logs.items()}
