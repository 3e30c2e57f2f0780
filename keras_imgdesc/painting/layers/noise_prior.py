"""Standard normal noise to the noise that fits a text."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

# A quarter of a turn: the way from noise that is drawn to noise that is found.
TURN = math.pi / 2
# In radians per unit of time, from 1 to 181.
FREQUENCIES = 2.0 ** (np.arange(16, dtype="float32") / 2)


@keras.saving.register_keras_serializable("keras_imgdesc")
class NoisePrior(keras.layers.Layer):
    """A flow that makes noise depend on the text.

    The noise that a VAE's encoder finds is standard normal over all pictures, but not
    over those of one text: where "a star above a square" has its two things is not
    where "a star" alone has its one. What is drawn without asking the text therefore
    often fits it badly: two places for one thing, or none.

    At time t between 0 and 1 noise is on its way from what is drawn to what a picture
    of the text would have, at cos(t pi/2) of the one and sin(t pi/2) of the other. A
    network says where it is going (`velocity`), and it is followed in `num_steps`
    midpoint steps. Were the two distributions the same it would stay where it is, and
    as the layer is made it does. No optimizer of a generator trains it; see
    `fit_noise_prior`.

    Call arguments:
        noise: float (batch, dim), standard normal.
        condition: float (batch, condition_dim), of the text.

    Returns:
        float32 (batch, dim).

    Args:
        num_layers: residual blocks of the network.
        width: of its layers.
        num_steps: in which the way is gone; two evaluations each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import NoisePrior
    >>> prior, condition = NoisePrior(num_layers=2, width=8), np.ones((3, 5))
    >>> noise = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    >>> bool(np.allclose(prior(noise, condition), noise))
    True

    Reference:
        Lipman et al., "Flow Matching for Generative Modeling",
        https://arxiv.org/abs/2210.02747; the way is that of Albergo and
        Vanden-Eijnden, https://arxiv.org/abs/2209.15571
    """

    def __init__(
        self, num_layers: int = 4, width: int = 256, num_steps: int = 4, **kwargs: Any
    ) -> None:
        # Small steps are added up: bfloat16 would lose them.
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

        self.enter = dense("enter", dim, width)
        self.said = dense("said", condition_shape[-1], width)
        self.clock = dense("clock", 2 * len(FREQUENCIES), width, use_bias=False)
        self.told = dense("told", width, width)
        zeros = {"kernel_initializer": "zeros"}
        self.blocks = [
            (
                dense(f"modulate_{number}", width, 2 * width, **zeros),
                dense(f"first_{number}", width, width),
                dense(f"second_{number}", width, width, **zeros),
            )
            for number in range(self.num_layers)
        ]
        self.leave = dense("leave", width, dim, **zeros)

    def call(self, noise: Any, condition: Any) -> Any:
        x = ops.cast(noise, "float32")
        said = self.said(ops.cast(condition, "float32"))
        step = 1 / self.num_steps
        for number in range(self.num_steps):
            time = np.full(1, number * step, "float32")
            middle = x + self._velocity(x, time, said) * (step / 2)
            x = x + self._velocity(middle, time + step / 2, said) * step
        return x

    def velocity(self, noise: Any, time: Any, condition: Any) -> Any:
        """Where noise on its way is going.

        Args:
            noise: float (batch, dim), at that time.
            time: float (batch,), from 0 to 1.
            condition: as in the call.

        Returns:
            float32 (batch, dim), per unit of time.
        """
        said = self.said(ops.cast(condition, "float32"))
        return self._velocity(ops.cast(noise, "float32"), time, said)

    def _velocity(self, x: Any, time: Any, said: Any) -> Any:
        angles = ops.expand_dims(ops.cast(time, "float32"), 1) * FREQUENCIES
        clock = self.clock(ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=1))
        told = ops.silu(self.told(ops.silu(said + clock)))
        x = self.enter(x)
        for modulate, first, second in self.blocks:
            scale, shift = ops.split(modulate(told), 2, axis=-1)
            x = x + second(ops.silu(first(_normal(x) * (1 + scale) + shift)))
        return self.leave(_normal(x))

    def compute_output_spec(self, noise: Any, condition: Any) -> Any:
        return keras.KerasTensor(noise.shape, "float32")

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_layers": self.num_layers,
            "width": self.width,
            "num_steps": self.num_steps,
        }
        return super().get_config() | own


def _normal(x: Any) -> Any:
    """Each row with mean 0 and variance 1."""
    x = x - ops.mean(x, axis=-1, keepdims=True)
    return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-5)
