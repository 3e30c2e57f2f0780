"""A small text encoder with a vocabulary of words."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.sizes import NumLayers
from keras_imgdesc.text.text_encoder import TextEncoder
from keras_imgdesc.text.token_positions import TokenPositions
from keras_imgdesc.text.tokenizer import CaptionTokenizer
from keras_imgdesc.text.transformer_block import TransformerBlock


@keras.saving.register_keras_serializable("keras_imgdesc")
class CompactTextEncoder(TextEncoder):
    """A Transformer of a few layers, trained together with the model that uses it.

    It is small enough for a phone: 2.4 million parameters with the default arguments
    and 5,000 words. The sentence vector is the mean over its tokens.

    Args:
        tokenizer: a `CaptionTokenizer`. Its start and end tokens are inputs, but the
            padding mask does not count them as words.
        embedding_dim: width of all layers and outputs, a multiple of `num_heads`.
        num_layers: number of `TransformerBlock`s.
        num_heads: number of attention heads per block.
        feed_forward_dim: hidden width of each block; None means twice
            `embedding_dim`.
        dropout: dropout rate of embeddings and blocks in training.
        name: name of the Keras model.

    Raises:
        InputError: `embedding_dim` is not a multiple of `num_heads`, or an option is
            unknown.

    Example:

    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> found = encoder.encode(["a red bird", "a bird"])
    >>> found.sentences.shape, found.words.shape, found.padding_mask.sum(axis=1)
    ((2, 16), (2, 6, 16), array([3, 2]))
    """

    def __init__(
        self,
        tokenizer: CaptionTokenizer,
        embedding_dim: int = 256,
        num_layers: NumLayers = 2,
        num_heads: int = 4,
        feed_forward_dim: int | None = None,
        dropout: float = 0.1,
        name: str = "compact_text_encoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        if embedding_dim % num_heads:
            raise InputError(
                "embedding_dim must be a multiple of num_heads",
                f"Use for example embedding_dim={num_heads * 64}",
                embedding_dim=embedding_dim,
                num_heads=num_heads,
            )
        vocabulary = tokenizer.vocabulary

        # === Layers ===
        embedding = keras.layers.Embedding(
            len(vocabulary), embedding_dim, name="word_embedding"
        )
        positions = TokenPositions(name="positions")
        blocks = [
            TransformerBlock(
                num_heads,
                feed_forward_dim or 2 * embedding_dim,
                dropout,
                name=f"block_{index}",
            )
            for index in range(num_layers)
        ]
        norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")

        # === Functional Model ===
        token_ids = keras.Input(
            (tokenizer.sequence_length,), dtype="int32", name="token_ids"
        )
        is_token = ops.not_equal(token_ids, vocabulary.pad_id)
        x = positions(embedding(token_ids))
        x = keras.layers.Dropout(dropout, name="dropout")(x)
        for block in blocks:
            x = block(x, is_read=is_token)
        words = ops.cast(norm(x), "float32")
        counted = ops.cast(is_token, "float32")[..., None]
        # A row that is all padding, as in a padded batch, must not divide by zero.
        length = ops.maximum(ops.sum(counted, axis=1), 1.0)
        sentence = ops.sum(words * counted, axis=1) / length
        is_word = ops.logical_and(
            ops.not_equal(token_ids, vocabulary.start_id),
            ops.not_equal(token_ids, vocabulary.end_id),
        )
        super().__init__(
            inputs={"token_ids": token_ids},
            outputs={
                "sentence": sentence,
                "words": words,
                "padding_mask": ops.logical_and(is_token, is_word),
            },
            name=name,
        )

        # === Config ===
        self.tokenizer = tokenizer
        self.embedding_dim = embedding_dim
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.feed_forward_dim = feed_forward_dim
        self.dropout = dropout

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "embedding_dim": self.embedding_dim,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "feed_forward_dim": self.feed_forward_dim,
            "dropout": self.dropout,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        if isinstance(config["tokenizer"], dict):
            config["tokenizer"] = keras.saving.deserialize_keras_object(
                config["tokenizer"], custom_objects=custom_objects
            )
        return cls(**config)
