"""Batch normalisation whose scale and shift a condition decides."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConditionalBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation with scale and shift computed from a condition.

    Statistics are taken over all replicas. Normalising, scaling and shifting are one
    multiplication and one addition, as memory is what limits them.

    Args:
        momentum, epsilon: as in `keras.layers.BatchNormalization`.

    Call arguments:
        inputs: float (batch, rows, columns, channels).
        condition: float (batch, dim).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import ConditionalBatchNormalization
    >>> layer = ConditionalBatchNormalization()
    >>> maps = np.random.default_rng(0).normal(3, 5, (8, 4, 4, 2)).astype("float32")
    >>> found = np.asarray(layer(maps, np.zeros((8, 3)), training=True))
    >>> bool(abs(found.mean()) < 1e-5), bool(abs(found.std() - 1) < 1e-3)
    (True, True)
    """

    def __init__(
        self, momentum: float = 0.99, epsilon: float = 1e-5, **kwargs: Any
    ) -> None:
        # On JAX a sharded batch is one array, whose statistics are of all replicas.
        synchronized = keras.backend.backend() == "tensorflow"
        fixed = {
            "axis": -1,
            "center": False,
            "scale": False,
            "synchronized": synchronized,
        }
        super().__init__(momentum=momentum, epsilon=epsilon, **(kwargs | fixed))

    def build(self, inputs_shape: Any, condition_shape: Any) -> None:
        channels = inputs_shape[-1]
        super().build(inputs_shape)
        # The condition may differ from layer to layer in what it changes, but starts
        # without a word.
        self.scale_and_shift = keras.layers.Dense(
            2 * channels,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=self.dtype_policy,
            name="scale_and_shift",
        )
        self.scale_and_shift.build(condition_shape)

    def call(self, inputs: Any, condition: Any, training: bool | None = None) -> Any:
        if training and self.trainable:
            mean, variance = self._moments(ops.cast(inputs, "float32"), None)
            for moving, now in (
                (self.moving_mean, mean),
                (self.moving_variance, variance),
            ):
                moving.assign(moving * self.momentum + now * (1 - self.momentum))
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
        changes = ops.cast(self.scale_and_shift(condition), "float32")
        scale, shift = ops.split(changes, 2, axis=-1)
        scale = (1 + scale) * ops.rsqrt(variance + self.epsilon)
        shift = shift - mean * scale
        scale, shift = (
            ops.cast(x, inputs.dtype)[:, None, None, :] for x in (scale, shift)
        )
        return inputs * scale + shift

    def silence(self) -> None:
        """Makes the output zero, whatever comes in, until it is trained."""
        dense = self.scale_and_shift
        channels = dense.units // 2
        scale = np.repeat(np.array([-1, 0], "float32"), channels)
        dense.set_weights([np.zeros(dense.kernel.shape, "float32"), scale])

    def compute_output_spec(self, inputs: Any, condition: Any, training=None) -> Any:
        return keras.KerasTensor(inputs.shape, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for fixed in ("axis", "center", "scale", "synchronized"):
            config.pop(fixed)
        return config
