"""AdamW with a lower learning rate for some variables."""

from collections.abc import Iterable

import keras


@keras.saving.register_keras_serializable("keras_imgdesc")
class LayerwiseAdamW(keras.optimizers.AdamW):
    """AdamW that scales the learning rate of chosen variables.

    Args:
        slow: variables that learn more slowly, such as a pretrained encoder's.
        factor: factor of their learning rate.
        *args, **kwargs: arguments of `keras.optimizers.AdamW`.
    """

    def __init__(self, *args, slow: Iterable = (), factor: float = 1.0, **kwargs):
        super().__init__(*args, **kwargs)
        # Keras would track the variables themselves as part of the optimizer's state.
        self._slow = frozenset(id(variable) for variable in slow)
        self._slow_indices: frozenset[int] = frozenset()
        self.factor = factor

    def build(self, variables):
        super().build(variables)
        # By index: TensorFlow's `update_step` takes backend variables, not Keras'.
        self._slow_indices = frozenset(
            index
            for index, variable in enumerate(variables)
            if id(variable) in self._slow
        )

    def update_step(self, gradient, variable, learning_rate):
        if self._get_variable_index(variable) in self._slow_indices:
            learning_rate = learning_rate * self.factor
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        # `slow` is not saved: the variables belong to the model that is rebuilt.
        return super().get_config() | {"factor": self.factor}
