"""A flow from standard normal noise to the noise that fits a text."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

# The path from drawn noise to encoded noise is a quarter of a circle.
TURN = math.pi / 2
# In radians per unit of time, from 1 to 181.
FREQUENCIES = 2.0 ** (np.arange(16, dtype="float32") / 2)


@keras.saving.register_keras_serializable("keras_imgdesc")
class NoisePrior(keras.layers.Layer):
    """A flow that adapts noise to the text.

    The noise that a VAE's encoder returns is standard normal over all images, but not
    over those of one text: the two objects of "a star above a square" are elsewhere
    than the one object of "a star". Noise drawn without regard to the text therefore
    often fits it badly, for example with two places for one object, or none.

    At time t between 0 and 1 the noise is cos(t pi/2) times the drawn noise plus
    sin(t pi/2) times the noise of an image of the text. A network predicts its
    `velocity`, which is integrated in `num_steps` midpoint steps. If both distributions
    are the same, the velocity is zero, as it is in a new layer. The optimizer of a
    generator does not train this layer; `fit_noise_prior` does.

    Call arguments:
        noise: float (batch, dim), standard normal.
        condition: float (batch, condition_dim), condition of the text.

    Returns:
        float32 (batch, dim).

    Args:
        num_layers: number of residual blocks of the network.
        width: width of its layers.
        num_steps: number of integration steps, with two evaluations of the network
            each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import NoisePrior
    >>> prior, condition = NoisePrior(num_layers=2, width=8), np.ones((3, 5))
    >>> noise = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    >>> bool(np.allclose(prior(noise, condition), noise))
    True

    Reference:
        Lipman et al., "Flow Matching for Generative Modeling",
        https://arxiv.org/abs/2210.02747; with the path of Albergo and Vanden-Eijnden,
        https://arxiv.org/abs/2209.15571
    """

    def __init__(
        self, num_layers: int = 4, width: int = 256, num_steps: int = 4, **kwargs: Any
    ) -> None:
        # bfloat16 would round small steps away when they are added up.
        super().__init__(**({"trainable": False} | kwargs | {"dtype": "float32"}))
        self.num_layers = num_layers
        self.width = width
        self.num_steps = num_steps

    def build(self, noise_shape: Any, condition_shape: Any) -> None:
        dim, width = noise_shape[-1], self.width
        self.parts: list[Any] = []

        def dense(name: str, inputs: int, units: int, **options: Any) -> Any:
            layer = keras.layers.Dense(
                units, dtype=self.dtype_policy, name=name, **options
            )
            layer.build((None, inputs))
            layer.trainable = self.trainable
            self.parts.append(layer)
            return layer

        self.noise_projection = dense("noise_projection", dim, width)
        self.condition_projection = dense(
            "condition_projection", condition_shape[-1], width
        )
        self.time_projection = dense(
            "time_projection", 2 * len(FREQUENCIES), width, use_bias=False
        )
        self.context = dense("context", width, width)
        zeros = {"kernel_initializer": "zeros"}
        self.blocks = [
            (
                dense(f"modulate_{number}", width, 2 * width, **zeros),
                dense(f"first_{number}", width, width),
                dense(f"second_{number}", width, width, **zeros),
            )
            for number in range(self.num_layers)
        ]
        self.output_projection = dense("output_projection", width, dim, **zeros)

    def call(self, noise: Any, condition: Any) -> Any:
        x = ops.cast(noise, "float32")
        projected = self.condition_projection(ops.cast(condition, "float32"))
        step = 1 / self.num_steps
        for number in range(self.num_steps):
            time = np.full(1, number * step, "float32")
            middle = x + self._velocity(x, time, projected) * (step / 2)
            x = x + self._velocity(middle, time + step / 2, projected) * step
        return x

    def velocity(self, noise: Any, time: Any, condition: Any) -> Any:
        """Predict the velocity of noise.

        Args:
            noise: float (batch, dim), noise at `time`.
            time: float (batch,), from 0 to 1.
            condition: float (batch, condition_dim).

        Returns:
            float32 (batch, dim), change per unit of time.
        """
        projected = self.condition_projection(ops.cast(condition, "float32"))
        return self._velocity(ops.cast(noise, "float32"), time, projected)

    def _velocity(self, x: Any, time: Any, condition: Any) -> Any:
        angles = ops.expand_dims(ops.cast(time, "float32"), 1) * FREQUENCIES
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=1)
        context = ops.silu(condition + self.time_projection(waves))
        context = ops.silu(self.context(context))
        x = self.noise_projection(x)
        for modulate, first, second in self.blocks:
            scale, shift = ops.split(modulate(context), 2, axis=-1)
            x = x + second(ops.silu(first(_normalize(x) * (1 + scale) + shift)))
        return self.output_projection(_normalize(x))

    def compute_output_spec(self, noise: Any, condition: Any) -> Any:
        return keras.KerasTensor(noise.shape, "float32")

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_layers": self.num_layers,
            "width": self.width,
            "num_steps": self.num_steps,
        }
        return super().get_config() | own


def _normalize(x: Any) -> Any:
    """Give each row mean 0 and variance 1."""
    x = x - ops.mean(x, axis=-1, keepdims=True)
    return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-5)
