"""The LSTM cell with a visual sentinel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class SentinelLSTMCell(keras.layers.Layer):
    """An LSTM cell that also says what it knows without looking at the image.

    The visual sentinel `s = sigmoid(W_x x + W_h h) * tanh(c)` is one more gate on
    the cell's memory. Inputs are the already projected ones of all gates, so a step
    is a single matrix product; the projection is done for all words at once outside.

    Args:
        units: width of the state.
        use_sentinel: without it the cell is a plain LSTM cell.

    Call arguments:
        inputs: (batch, num_gates * units), gates in the order input, forget, output,
            (sentinel,) candidate; bias included.
        states: `[hidden, cell]`, each (batch, units).

    Returns:
        hidden state and sentinel beside each other, (batch, 2 * units), or only the
        hidden state, and the new states.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning.decoders.sentinel_lstm_cell import (
    ...     SentinelLSTMCell,
    ... )
    >>> cell = SentinelLSTMCell(4)
    >>> state = np.zeros((2, 4), "float32")
    >>> output, states = cell(np.ones((2, 20), "float32"), [state, state])
    >>> tuple(output.shape), tuple(states[1].shape)
    ((2, 8), (2, 4))

    Reference:
        Lu et al., "Knowing When to Look: Adaptive Attention via a Visual Sentinel
        for Image Captioning", https://arxiv.org/abs/1612.01887
    """

    def __init__(self, units: int, use_sentinel: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.use_sentinel = use_sentinel
        self.num_gates = 5 if use_sentinel else 4
        self.state_size = [units, units]
        self.output_size = 2 * units if use_sentinel else units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.num_gates * self.units),
            initializer="orthogonal",
            name="recurrent_kernel",
        )

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        hidden, cell = states
        z = inputs + ops.matmul(hidden, self.recurrent_kernel)
        num_sigmoids = self.num_gates - 1
        gates, candidate = ops.split(z, [num_sigmoids * self.units], axis=-1)
        gates = ops.split(ops.sigmoid(gates), num_sigmoids, axis=-1)
        write, keep, show, *tell = gates
        cell = keep * cell + write * ops.tanh(candidate)
        squashed = ops.tanh(cell)
        hidden = show * squashed
        output = hidden
        if self.use_sentinel:
            output = ops.concatenate([hidden, tell[0] * squashed], axis=-1)
        return output, [hidden, cell]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": self.units,
            "use_sentinel": self.use_sentinel,
        }


def gate_bias_initializer(units: int) -> Any:
    """A bias that is 1 at the forget gate: a fresh cell remembers."""

    def initialize(shape: tuple[int, ...], dtype: Any = None) -> Any:
        index = ops.arange(shape[0])
        is_forget = ops.logical_and(index >= units, index < 2 * units)
        return ops.cast(is_forget, dtype or "float32")

    return initialize
