"""The LSTM cell with a visual sentinel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class SentinelLSTMCell(keras.layers.Layer):
    """LSTM cell that also outputs what it knows without the image.

    The visual sentinel `s = sigmoid(W_x x + W_h h) * tanh(c)` is a further gate on the
    cell's memory. The inputs of all gates are projected outside of the cell, for all
    words at once, so a step is a single matrix product.

    Args:
        units: width of the state.
        use_sentinel: whether to output the sentinel; without it, this is a plain LSTM
            cell.

    Call arguments:
        inputs: (batch, num_gates * units), gates in the order input, forget, output,
            (sentinel,) candidate, bias included.
        states: `[hidden, cell]`, each (batch, units).

    Returns:
        Hidden state and sentinel concatenated, (batch, 2 * units), or the hidden state
        alone, (batch, units); and the new states.

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
        # Slices, because LiteRT is slow at a split into parts of different widths.
        num_sigmoids = self.num_gates - 1
        width = num_sigmoids * self.units
        gates = ops.split(ops.sigmoid(z[..., :width]), num_sigmoids, axis=-1)
        write, keep, expose, *sentinel = gates
        cell = keep * cell + write * ops.tanh(z[..., width:])
        squashed = ops.tanh(cell)
        hidden = expose * squashed
        output = hidden
        if self.use_sentinel:
            output = ops.concatenate([hidden, sentinel[0] * squashed], axis=-1)
        return output, [hidden, cell]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": self.units,
            "use_sentinel": self.use_sentinel,
        }
