"""What decoders with a recurrent network share."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from keras_imgdesc.captioning.decoders.attention_decoder import AttentionDecoder
from keras_imgdesc.captioning.decoders.feature_memory import FeatureMemory
from keras_imgdesc.captioning.decoders.visual_attention import VisualAttention


class RecurrentDecoder(AttentionDecoder):
    """Base of decoders whose recurrent network is the source of the attention.

    The network reads the previous word and the mean of the image; it starts from the
    mean of the image. Its output is the query of an attention over the locations. The
    attention does not feed back into the network, so training runs the recurrent part
    first and then attends for all words at once. Captions that share a feature map
    save most of the work on large maps.

    A subclass's constructor calls `_set_options` and then this constructor. The cell
    is called with inputs that are projected outside of it, `(batch, num_gates *
    hidden_dim)`, and has the attribute `num_gates`.

    Args:
        cell: cell with the states of `STATES`, each (batch, hidden_dim).
        name: name of the Keras model.

    Attributes:
        STATES: names of the cell's states.
    """

    STATES: ClassVar[tuple[str, ...]]

    def __init__(self, cell: Any, name: str) -> None:
        # === Layers ===
        self.feature_memory = FeatureMemory(
            self.feature_dim,
            self.num_heads,
            self.feature_dropout,
            name="feature_memory",
        )
        self.initial_state = keras.layers.Dense(
            len(self.STATES) * self.hidden_dim, activation="tanh", name="initial_state"
        )
        self._add_word_layers()
        self.input_dim = cell.num_gates * self.hidden_dim
        self.word_projection = keras.layers.Dense(
            self.input_dim, use_bias=False, name="word_projection"
        )
        self.image_projection = keras.layers.Dense(
            self.input_dim,
            bias_initializer=gate_bias_initializer(self.hidden_dim),
            name="image_projection",
        )
        self.recurrence = keras.layers.RNN(
            cell, return_sequences=True, name="recurrence"
        )
        self.attention = VisualAttention(
            self.feature_dim, self.num_heads, name="attention"
        )
        self._add_output_layers(activation="tanh")

        # === Functional Model ===
        super().__init__(name)

    def _begin(
        self, feature_map: Any, summary: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        keys, values, pooled = self.feature_memory(feature_map)
        if summary is not None:
            pooled = pooled + summary
        states = ops.split(self.initial_state(pooled), len(self.STATES), axis=-1)
        memory = {
            "keys": keys,
            "values": values,
            "input": self.image_projection(pooled),
        }
        return memory, dict(zip(self.STATES, states, strict=True))

    def _read(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any]:
        words = self.word_dropout(self.word_embedding(token_ids))
        image_input, *states = (
            self.per_caption(x, token_ids) for x in (memory["input"], *state.values())
        )
        inputs = self.word_projection(words) + image_input[:, None]
        return self._attend(self.recurrence(inputs, initial_state=states), memory)

    def _advance(
        self, token_ids: Any, beams: int, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any, dict[str, Any]]:
        words = self.word_projection(self.word_embedding(token_ids))
        inputs = ops.reshape(words, (-1, beams, self.input_dim))
        inputs = inputs + ops.expand_dims(memory["input"], 1)
        # The cell, not the RNN layer: for one step that would be a loop within the
        # loop of the search, which breaks in exported forms.
        states, following = self.recurrence.cell(
            ops.reshape(inputs, (-1, self.input_dim)),
            [state[name] for name in self.STATES],
        )
        states = ops.reshape(states, (-1, beams, states.shape[-1]))
        known, attention = self._attend(states, memory)
        return known, attention, dict(zip(self.STATES, following, strict=True))

    def _attend(self, states: Any, memory: dict[str, Any]) -> tuple[list[Any], Any]:
        """Attend with the cell's outputs, (batch, words, cell.output_size)."""
        hidden, sentinel = self._queries(states)
        context, attention = self.attention(
            hidden, sentinel, memory["keys"], memory["values"]
        )
        return [hidden, context], attention

    def _queries(self, states: Any) -> tuple[Any, Any]:
        """Return the hidden states, and the sentinels or None, of the outputs."""
        return states, None


def gate_bias_initializer(units: int) -> Any:
    """Return an initializer with 1 at the second gate.

    That is the forget gate of an LSTM and the update gate of a GRU: a new cell
    remembers.
    """

    def initialize(shape: tuple[int, ...], dtype: Any = None) -> Any:
        index = ops.arange(shape[0])
        is_second = ops.logical_and(index >= units, index < 2 * units)
        return ops.cast(is_second, dtype or "float32")

    return initialize
