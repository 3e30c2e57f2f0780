"""Standard normal noise to the noise that fits a text."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class NoisePrior(keras.layers.Layer):
    """A normalising flow that makes noise depend on the text.

    The noise that a VAE's encoder finds is standard normal over all pictures, but not
    over those of one text: where "a star above a square" has its two things is not
    where "a star" alone has its one. What is drawn without asking the text therefore
    often fits it badly. Affine coupling layers turn one distribution into the other.

    As it is made it changes nothing, and no optimizer of a generator trains it; see
    `fit_noise_prior`.

    Call arguments:
        noise: float (batch, dim), standard normal.
        condition: float (batch, condition_dim), of the text.

    Returns:
        float32 (batch, dim).

    Args:
        num_layers: coupling layers; each moves one half as the other half says.
        width: of the two hidden layers of each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.generation import NoisePrior
    >>> prior, condition = NoisePrior(num_layers=2, width=8), np.ones((3, 5))
    >>> noise = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    >>> bool(np.allclose(prior(noise, condition), noise))
    True

    Reference:
        Dinh et al., "Density estimation using Real NVP",
        https://arxiv.org/abs/1605.08803
    """

    def __init__(self, num_layers: int = 8, width: int = 256, **kwargs: Any) -> None:
        # Shifts are added up over layers: bfloat16 would lose the small ones.
        super().__init__(**({"trainable": False} | kwargs | {"dtype": "float32"}))
        self.num_layers = num_layers
        self.width = width

    def build(self, noise_shape: Any, condition_shape: Any) -> None:
        dim = noise_shape[-1]
        self.halves = (dim // 2, dim - dim // 2)
        self.parts: list[Any] = []
        for number in range(self.num_layers):
            seen, moved = self.halves if number % 2 == 0 else self.halves[::-1]
            layers = [
                keras.layers.Dense(self.width, "relu", name=f"first_{number}"),
                keras.layers.Dense(self.width, "relu", name=f"second_{number}"),
                keras.layers.Dense(
                    2 * moved, kernel_initializer="zeros", name=f"change_{number}"
                ),
            ]
            width = seen + condition_shape[-1]
            for layer in layers:
                layer.build((None, width))
                layer.trainable = self.trainable
                width = layer.units
            self.parts += layers

    def call(self, noise: Any, condition: Any) -> Any:
        x = self._split(noise)
        for number in range(self.num_layers):
            seen, moved = number % 2, 1 - number % 2
            scale, shift = self._change(number, x[seen], condition)
            x[moved] = x[moved] * ops.exp(scale) + shift
        return ops.concatenate(x, axis=-1)

    def inverse(self, found: Any, condition: Any) -> tuple[Any, Any]:
        """The noise that gives `found`, and the logarithm of how volumes shrink.

        Args:
            found: float (batch, dim), what a call gives.
            condition: as in the call.

        Returns:
            float32 (batch, dim) and (batch,).
        """
        x = self._split(found)
        logarithm = 0.0
        for number in reversed(range(self.num_layers)):
            seen, moved = number % 2, 1 - number % 2
            scale, shift = self._change(number, x[seen], condition)
            x[moved] = (x[moved] - shift) * ops.exp(-scale)
            logarithm -= ops.sum(scale, axis=-1)
        return ops.concatenate(x, axis=-1), logarithm

    def _split(self, values: Any) -> list[Any]:
        values = ops.cast(values, "float32")
        return [values[:, : self.halves[0]], values[:, self.halves[0] :]]

    def _change(self, number: int, seen: Any, condition: Any) -> tuple[Any, Any]:
        x = ops.concatenate([seen, ops.cast(condition, "float32")], axis=-1)
        for layer in self.parts[3 * number : 3 * number + 3]:
            x = layer(x)
        scale, shift = ops.split(x, 2, axis=-1)
        # Bounded, so that a text unlike any other does not make noise explode.
        return ops.tanh(scale), shift

    def compute_output_spec(self, noise: Any, condition: Any) -> Any:
        return keras.KerasTensor(noise.shape, "float32")

    def get_config(self) -> dict[str, Any]:
        own = {"num_layers": self.num_layers, "width": self.width}
        return super().get_config() | own
