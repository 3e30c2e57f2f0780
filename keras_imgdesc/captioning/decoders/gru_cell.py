"""The GRU cell whose inputs are projected outside of it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class ProjectedGRUCell(keras.layers.Layer):
    """GRU cell for inputs that are projected already, for all words at once.

    A step is a single matrix product. The reset gate applies to the product of the
    state, not to the state, as in the form that cuDNN computes.

    Args:
        units: width of the state.

    Call arguments:
        inputs: (batch, 3 * units), gates in the order reset, update, candidate, bias
            included.
        states: `[hidden]`, (batch, units).

    Returns:
        Hidden state, (batch, units), and the new states.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.gru_cell import ProjectedGRUCell
    >>> hidden = np.zeros((2, 4), "float32")
    >>> output, states = ProjectedGRUCell(4)(np.ones((2, 12), "float32"), [hidden])
    >>> tuple(output.shape), len(states)
    ((2, 4), 1)

    Reference:
        Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder",
        https://arxiv.org/abs/1406.1078
    """

    num_gates = 3

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units]
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.num_gates * self.units),
            initializer="orthogonal",
            name="recurrent_kernel",
        )

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        (hidden,) = states
        products, width = ops.matmul(hidden, self.recurrent_kernel), 2 * self.units
        # Slices, because LiteRT is slow at a split into parts of different widths.
        gates = inputs[..., :width] + products[..., :width]
        reset, keep = ops.split(ops.sigmoid(gates), 2, axis=-1)
        candidate = ops.tanh(inputs[..., width:] + reset * products[..., width:])
        hidden = keep * hidden + (1 - keep) * candidate
        return hidden, [hidden]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"units": self.units}
