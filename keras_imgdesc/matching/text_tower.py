"""Vectors of a text for f(I, D)."""

from __future__ import annotations

from typing import Any

import keras

from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.matching.pair_score import unit_length
from keras_imgdesc.sizes import Length


@keras.saving.register_keras_serializable("keras_imgdesc")
class TextTower(keras.Model):
    """Convert the outputs of a text encoder to vectors that images are compared with.

    Input: `{"sentence": float (batch, text_dim), "words": float (batch,
    sequence_length, text_dim)}`. Output: `{"vector": float32 (batch, embedding_dim),
    "words": float32 (batch, sequence_length, embedding_dim)}`, all of unit length.

    Args:
        text_dim: width of the text encoder's vectors.
        sequence_length: number of words per text, padding included.
        embedding_dim: width of the output vectors.
        dropout: dropout rate of the inputs, in [0, 1).
        name: name of the Keras model.

    Raises:
        InputError: an option is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.matching import TextTower
    >>> tower = TextTower(text_dim=8, sequence_length=5, embedding_dim=16)
    >>> found = tower({"sentence": np.ones((2, 8)), "words": np.ones((2, 5, 8))})
    >>> tuple(found["vector"].shape), tuple(found["words"].shape)
    ((2, 16), (2, 5, 16))
    """

    def __init__(
        self,
        text_dim: int,
        sequence_length: Length,
        embedding_dim: int,
        dropout: float = 0.0,
        name: str = "text_tower",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)

        # === Layers ===
        dropout_layer = keras.layers.Dropout(dropout, name="dropout")
        vector_projection = keras.layers.Dense(embedding_dim, name="vector_projection")
        word_projection = keras.layers.Dense(embedding_dim, name="word_projection")

        # === Functional Model ===
        sentence = keras.Input((text_dim,), name="sentence")
        words = keras.Input((sequence_length, text_dim), name="words")
        super().__init__(
            inputs={"sentence": sentence, "words": words},
            outputs={
                "vector": unit_length(vector_projection(dropout_layer(sentence))),
                "words": unit_length(word_projection(dropout_layer(words))),
            },
            name=name,
        )

        # === Config ===
        self.text_dim = text_dim
        self.sequence_length = sequence_length
        self.embedding_dim = embedding_dim
        self.dropout = dropout

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "text_dim": self.text_dim,
            "sequence_length": self.sequence_length,
            "embedding_dim": self.embedding_dim,
            "dropout": self.dropout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)
