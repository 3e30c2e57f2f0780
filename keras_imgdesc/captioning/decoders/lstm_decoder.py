"""The LSTM decoder with adaptive attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.decoders.decoder import Decoder, log_softmax
from keras_imgdesc.captioning.decoders.feature_memory import FeatureMemory
from keras_imgdesc.captioning.decoders.repeat_for_captions import RepeatForCaptions
from keras_imgdesc.captioning.decoders.sentinel_lstm_cell import (
    SentinelLSTMCell,
    gate_bias_initializer,
)
from keras_imgdesc.captioning.decoders.visual_attention import VisualAttention
from keras_imgdesc.captioning.decoders.word_embedding import WordEmbedding
from keras_imgdesc.errors import InputError, refuse_unknown_options


@keras.saving.register_keras_serializable("keras_imgdesc")
class LSTMDecoder(Decoder):
    """Decode captions with an LSTM and adaptive attention.

    Inputs, outputs and the step form are those of `Decoder`. The state is `{"hidden",
    "cell"}`, each (batch, hidden_dim).

    The LSTM reads the previous word and the mean of the image. Its output is the query
    of an attention over the locations and over the visual sentinel, which represents
    what the LSTM knows without the image. The attention does not feed back into the
    LSTM, so training runs the recurrent part first and then attends for all words at
    once. Captions that share a feature map save most of the work on large maps.

    Args:
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)`, the encoder's attribute.
        embedding_dim: width of word vectors.
        hidden_dim: width of the LSTM's state.
        num_heads: number of attention heads, a divisor of `feature_dim`.
        dropout: dropout rate of word vectors and outputs, in [0, 1).
        feature_dropout: dropout rate of the feature map's channels, in [0, 1).
        use_sentinel: whether to attend to the sentinel too. With it, the attention on
            the locations sums to less than 1; without it, to 1.
        feature_dim: width of the keys and values computed from the feature map.
        tie_embeddings: whether words read and words predicted share one matrix.
        name: name of the Keras model.

    Raises:
        InputError: a size is not positive, a dropout rate is outside [0, 1),
            `num_heads` does not divide `feature_dim`, or an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning import LSTMDecoder
    >>> decoder = LSTMDecoder(12, (4, 4, 8), embedding_dim=16, hidden_dim=16,
    ...     num_heads=2, feature_dim=16)
    >>> features = np.ones((2, 4, 4, 8), "float32")
    >>> outputs = decoder({"feature_map": features, "token_ids": np.ones((2, 5), int)})
    >>> tuple(outputs["logits"].shape), tuple(outputs["attention"].shape)
    ((2, 5, 12), (2, 5, 16))
    >>> memory, state = decoder.begin(features)
    >>> log_probs, attention, state = decoder.step(np.array([2, 2]), memory, state)
    >>> tuple(log_probs.shape), tuple(attention.shape)
    ((2, 12), (2, 16))

    Reference:
        Lu et al., "Knowing When to Look", https://arxiv.org/abs/1612.01887
    """

    def __init__(
        self,
        vocabulary_size: int,
        feature_map_shape: tuple[int, int, int],
        embedding_dim: int = 512,
        hidden_dim: int = 512,
        num_heads: int = 8,
        dropout: float = 0.3,
        feature_dropout: float = 0.0,
        use_sentinel: bool = True,
        feature_dim: int = 512,
        tie_embeddings: bool = True,
        name: str = "lstm_decoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        sizes = {
            "vocabulary_size": vocabulary_size,
            "embedding_dim": embedding_dim,
            "hidden_dim": hidden_dim,
            "num_heads": num_heads,
            "feature_dim": feature_dim,
        }
        _check(sizes, {"dropout": dropout, "feature_dropout": feature_dropout})
        feature_map_shape = tuple(feature_map_shape)  # type: ignore[assignment]
        if len(feature_map_shape) != 3 or not all(feature_map_shape):
            raise InputError(
                "feature_map_shape must be (rows, columns, channels)",
                "Pass the encoder's feature_map_shape",
                feature_map_shape=feature_map_shape,
            )

        # === Layers ===
        num_gates = 5 if use_sentinel else 4
        self.feature_memory = FeatureMemory(
            feature_dim, num_heads, feature_dropout, name="feature_memory"
        )
        self.initial_state = keras.layers.Dense(
            2 * hidden_dim, activation="tanh", name="initial_state"
        )
        # float32 under any policy, because it computes the logits.
        self.word_embedding = WordEmbedding(
            vocabulary_size,
            embedding_dim,
            tie_embeddings,
            dtype="float32",
            name="word_embedding",
        )
        self.word_dropout = keras.layers.Dropout(dropout, name="word_dropout")
        self.word_projection = keras.layers.Dense(
            num_gates * hidden_dim, use_bias=False, name="word_projection"
        )
        self.image_projection = keras.layers.Dense(
            num_gates * hidden_dim,
            bias_initializer=gate_bias_initializer(hidden_dim),
            name="image_projection",
        )
        self.recurrence = keras.layers.RNN(
            SentinelLSTMCell(hidden_dim, use_sentinel, name="cell"),
            return_sequences=True,
            name="recurrence",
        )
        self.attention = VisualAttention(feature_dim, num_heads, name="attention")
        self.output_projection = keras.layers.Dense(
            embedding_dim, activation="tanh", name="output_projection"
        )
        self.output_dropout = keras.layers.Dropout(dropout, name="output_dropout")

        # === Functional Model ===
        self.hidden_dim = hidden_dim
        self.use_sentinel = use_sentinel
        feature_map = keras.Input(feature_map_shape, name="feature_map")
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        memory, state = self.begin(feature_map)
        words = self.word_dropout(self.word_embedding(token_ids))
        per_caption = RepeatForCaptions(name="per_caption")
        image_input, hidden, cell = (
            per_caption(x, token_ids)
            for x in (memory["input"], state["hidden"], state["cell"])
        )
        inputs = self.word_projection(words) + image_input[:, None]
        states = self.recurrence(inputs, initial_state=[hidden, cell])
        outputs, attention = self._attend(states, memory)
        logits = self.word_embedding(outputs, reverse=True)
        super().__init__(
            inputs={"feature_map": feature_map, "token_ids": token_ids},
            outputs={"logits": logits, "attention": attention},
            name=name,
        )

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.feature_map_shape = feature_map_shape
        self.embedding_dim = embedding_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.feature_dropout = feature_dropout
        self.feature_dim = feature_dim
        self.tie_embeddings = tie_embeddings

    def begin(self, feature_map: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        keys, values, pooled = self.feature_memory(feature_map)
        hidden, cell = ops.split(self.initial_state(pooled), 2, axis=-1)
        memory = {
            "keys": keys,
            "values": values,
            "input": self.image_projection(pooled),
        }
        return memory, {"hidden": hidden, "cell": cell}

    def step(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[Any, Any, dict[str, Any]]:
        shape = tuple(ops.shape(token_ids))
        beams = shape[1] if len(shape) == 2 else 1
        # All products with weights have two axes, however many beams there are: only
        # those become fully connected operations, which can be quantized.
        words = self.word_embedding(ops.reshape(token_ids, (-1,)))
        inputs = ops.reshape(self.word_projection(words), (-1, beams, self._input_dim))
        inputs = inputs + memory["input"][:, None]
        hidden, cell = (
            ops.reshape(state[name], (-1, self.hidden_dim))
            for name in ("hidden", "cell")
        )
        # The cell, not the RNN layer: for one step that would be a loop within the
        # loop of the search, which breaks in exported forms.
        output, (hidden, cell) = self.recurrence.cell(
            ops.reshape(inputs, (-1, self._input_dim)), [hidden, cell]
        )
        output = ops.reshape(output, (-1, beams, output.shape[-1]))
        output, attention = self._attend(output, memory)
        logits = self.word_embedding(
            ops.reshape(output, (-1, output.shape[-1])), reverse=True
        )
        log_probs = ops.reshape(log_softmax(logits), (*shape, logits.shape[-1]))
        if len(shape) == 1:
            return log_probs, attention[:, 0], {"hidden": hidden, "cell": cell}
        hidden, cell = (
            ops.reshape(x, (-1, beams, self.hidden_dim)) for x in (hidden, cell)
        )
        return log_probs, attention, {"hidden": hidden, "cell": cell}

    @property
    def _input_dim(self) -> int:
        return self.recurrence.cell.num_gates * self.hidden_dim

    def _attend(self, states: Any, memory: dict[str, Any]) -> tuple[Any, Any]:
        hidden, sentinel = states, None
        if self.use_sentinel:
            hidden, sentinel = ops.split(states, 2, axis=-1)
        context, attention = self.attention(
            hidden, sentinel, memory["keys"], memory["values"]
        )
        output = self.output_projection(ops.concatenate([hidden, context], axis=-1))
        return self.output_dropout(output), attention

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vocabulary_size": self.vocabulary_size,
            "feature_map_shape": list(self.feature_map_shape),
            "embedding_dim": self.embedding_dim,
            "hidden_dim": self.hidden_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "feature_dropout": self.feature_dropout,
            "use_sentinel": self.use_sentinel,
            "feature_dim": self.feature_dim,
            "tie_embeddings": self.tie_embeddings,
        }


def _check(sizes: dict[str, int], shares: dict[str, float]) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise InputError(
                f"{name} must be at least 1", f"Use a positive {name}", **{name: size}
            )
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise InputError(
                f"{name} must be in [0, 1)", "Use for example 0.3", **{name: share}
            )
    if sizes["feature_dim"] % sizes["num_heads"]:
        raise InputError(
            "num_heads must divide feature_dim",
            "Use a multiple of num_heads as feature_dim",
            num_heads=sizes["num_heads"],
            feature_dim=sizes["feature_dim"],
        )
