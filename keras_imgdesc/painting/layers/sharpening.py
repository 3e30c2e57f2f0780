"""Sharpening of painted images."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError

# Distance that a round moves a pixel, in units of its distance from the local mean.
AMOUNT = 1.5


@keras.saving.register_keras_serializable("keras_imgdesc")
class Sharpening(keras.layers.Layer):
    """Unsharp masking without halos.

    A painter trained with the squared error paints the mean of all plausible images:
    edges are soft, and small objects are blurred. Each round moves every pixel away
    from the mean around it (a 3 x 3 box filter, applied twice), but not beyond the
    minimum and maximum of its 3 x 3 neighbourhood. Edges become steep, and uniform
    areas stay as they are. The layer has no weights.

    Input and output: float (batch, rows, columns, channels).

    Args:
        rounds: number of rounds, at least 1.
        name: name of the layer.

    Raises:
        InputError: `rounds` is below 1.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import Sharpening
    >>> soft = np.array([0, 0, 0, 0.2, 0.8, 1, 1, 1], "float32")
    >>> found = Sharpening(3)(np.broadcast_to(soft[:, None], (1, 8, 8, 1)).copy())
    >>> np.asarray(found)[0, 0, :, 0].round(2).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]

    Reference:
        Kramer and Bruckner, "Iterations of a non-linear transformation for enhancement
        of digital images", Pattern Recognition 7 (1975), which limits sharpening to the
        extremes of the neighbourhood.
    """

    def __init__(self, rounds: int, name: str = "sharpening", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if rounds < 1:
            raise InputError("rounds must be at least 1", "Use 3", rounds=rounds)
        self.rounds = rounds

    def call(self, inputs: Any) -> Any:
        x = inputs
        for _ in range(self.rounds):
            around = _pool(ops.average_pool, _pool(ops.average_pool, x))
            lightest = _pool(ops.max_pool, x)
            darkest = -_pool(ops.max_pool, -x)
            moved = x + AMOUNT * (x - around)
            x = ops.minimum(ops.maximum(moved, darkest), lightest)
        return x

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rounds": self.rounds}


def _pool(pool: Any, x: Any) -> Any:
    return pool(x, 3, 1, padding="same", data_format="channels_last")
