"""AdamW with a slower rate for some variables."""

from collections.abc import Iterable

import keras


@keras.saving.register_keras_serializable("keras_imgdesc")
class LayerwiseAdamW(keras.optimizers.AdamW):
    """AdamW whose learning rate is scaled for chosen variables.

    Args:
        slow: the variables that learn more slowly, as an encoder's.
        factor: what their learning rate is multiplied by.
        *args, **kwargs: as `keras.optimizers.AdamW`.
    """

    def __init__(self, *args, slow: Iterable = (), factor: float = 1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self._slow = frozenset(id(variable) for variable in slow)
        self.factor = factor

    def update_step(self, gradient, variable, learning_rate):
        if id(variable) in self._slow:
            learning_rate = learning_rate * self.factor
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        # Variables are told anew by whoever rebuilds the model.
        return super().get_config() | {"factor": self.factor}
