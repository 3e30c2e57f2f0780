"""Batch normalization with scale and shift from a condition."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ConditionalBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization with scale and shift computed from a condition.

    Statistics are those of all replicas. Normalizing, scaling and shifting are fused
    into one multiplication and one addition, because memory bandwidth limits them.

    Args:
        momentum, epsilon: see `keras.layers.BatchNormalization`.

    Call arguments:
        inputs: float (batch, rows, columns, channels).
        condition: float (batch, dim).

    Returns:
        Same shape and dtype as `inputs`.

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
        # On JAX a sharded batch is one array, so its statistics are global anyway.
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
        # Small weights: the condition has little influence at first.
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
        scale_and_shift = ops.cast(self.scale_and_shift(condition), "float32")
        scale, shift = ops.split(scale_and_shift, 2, axis=-1)
        scale = (1 + scale) * ops.rsqrt(variance + self.epsilon)
        shift = shift - mean * scale
        scale, shift = (
            ops.cast(x, inputs.dtype)[:, None, None, :] for x in (scale, shift)
        )
        return inputs * scale + shift

    def zero_output(self) -> None:
        """Set the weights so that the output is zero for any input."""
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
