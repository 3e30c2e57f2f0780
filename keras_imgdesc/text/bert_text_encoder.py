"""A pretrained BERT as a text encoder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.text.bert_sources import load_bert
from keras_imgdesc.text.text_encoder import TextEmbeddings, TextEncoder
from keras_imgdesc.text.word_piece_tokenizer import WordPieceTokenizer


@keras.saving.register_keras_serializable("keras_imgdesc")
class BertTextEncoder(TextEncoder):
    """A BERT from KerasHub, Hugging Face or a folder.

    The sentence is the mean over all tokens, the start and end tokens among them,
    brought to unit length: what models of the Sentence Transformers are trained for.
    The words are the last layer's vectors of the word pieces.

    Args:
        source: a folder in Hugging Face layout (`config.json`, `vocab.txt`,
            `model.safetensors`), read offline; the name of a KerasHub preset such as
            `"bert_tiny_en_uncased"`; or `"hf://sentence-transformers/all-MiniLM-L6-v2"`.
        sequence_length: token ids a text, the start and end tokens included.
        trainable_from: see `set_trainable_from`.
        dropout: of the whole backbone while training, its frozen layers too.
        tokenizer, backbone: instead of a source, a `WordPieceTokenizer` and the
            arguments of `keras_nlp.models.BertBackbone`: a BERT with random weights.
        name: of the Keras model.

    Attributes:
        trainable_from: the first layer that is trained.

    Raises:
        InputError: there is no BERT at the source, a file is missing or broken,
            `sequence_length` is more than the BERT has places for, or there is no such
            layer or option.

    Example:

    >>> from keras_imgdesc.text import BertTextEncoder
    >>> from keras_imgdesc.text import WordPieceTokenizer, WordPieceVocabulary
    >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "bird", "##s"]
    >>> tokenizer = WordPieceTokenizer(WordPieceVocabulary(pieces), 8)
    >>> sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 16}
    >>> backbone = {"vocabulary_size": 8, "intermediate_dim": 32, **sizes}
    >>> encoder = BertTextEncoder(tokenizer=tokenizer, backbone=backbone)
    >>> found = encoder.encode(["a red bird", "Birds"])
    >>> found.sentences.shape, found.words.shape, found.padding_mask.sum(axis=1)
    ((2, 16), (2, 8, 16), array([3, 2]))
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | None = None,
        sequence_length: int = 40,
        trainable_from: str | None = "none",
        dropout: float = 0.0,
        tokenizer: WordPieceTokenizer | None = None,
        backbone: dict[str, Any] | None = None,
        name: str = "bert_text_encoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        if (source is None) == (tokenizer is None or backbone is None):
            raise InputError(
                "A BERT is made from a source, or from a tokenizer and a backbone",
                "Give a folder or the name of a preset",
                source=source,
            )
        if source is not None:
            bert, vocabulary, lowercase = load_bert(source, dropout)
            tokenizer = WordPieceTokenizer(vocabulary, sequence_length, lowercase)
        else:
            # KerasHub takes seconds to import.
            import keras_nlp

            bert = keras_nlp.models.BertBackbone(
                **((backbone or {}) | {"dropout": dropout})
            )
        assert tokenizer is not None
        if tokenizer.sequence_length > bert.max_sequence_length:
            raise InputError(
                "A BERT has places for so many tokens and no more",
                f"Use a sequence_length of at most {bert.max_sequence_length}",
                sequence_length=tokenizer.sequence_length,
            )

        # === Functional Model ===
        # Without the pooled output, which nothing here reads or trains.
        layers = keras.Model(
            bert.input, bert.output["sequence_output"], name="backbone"
        )
        vocabulary = tokenizer.vocabulary
        # Of any length, so that `encode` need not compute padding.
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        is_token = ops.not_equal(token_ids, vocabulary.pad_id)
        words = layers(
            {
                "token_ids": token_ids,
                "segment_ids": ops.zeros_like(token_ids),
                "padding_mask": ops.cast(is_token, "int32"),
            }
        )
        words = ops.cast(words, "float32")
        counted = ops.cast(is_token, "float32")[..., None]
        # A row of padding alone, as a padded batch has, divides by no zero.
        length = ops.maximum(ops.sum(counted, axis=1), 1.0)
        sentence = ops.normalize(
            ops.sum(words * counted, axis=1) / length, epsilon=1e-12
        )
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
        self.embedding_dim = bert.hidden_dim
        self.dropout = dropout
        self.backbone_layers = layers
        self.backbone_config = {
            key: value
            for key, value in bert.get_config().items()
            if key not in ("name", "trainable", "dtype", "dropout")
        }
        self.set_trainable_from(trainable_from)

    def encode(
        self, texts: str | Sequence[str], *, batch_size: int = 256
    ) -> TextEmbeddings:
        """Embeds texts; see `TextEncoder.encode`. Words of padding are zero."""
        token_ids = self.tokenize(texts)
        padding_mask = np.zeros(token_ids.shape, np.bool_)
        sentences = np.zeros((len(token_ids), self.embedding_dim), np.float32)
        words = np.zeros((*token_ids.shape, self.embedding_dim), np.float32)
        # Texts of one length together, so that little padding is computed.
        lengths = (token_ids != self.tokenizer.vocabulary.pad_id).sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            width = lengths[rows[-1]]
            outputs = self._traced(token_ids[rows, :width])
            found = {k: ops.convert_to_numpy(v) for k, v in outputs.items()}
            sentences[rows] = found["sentence"]
            words[rows, :width] = found["words"]
            padding_mask[rows, :width] = found["padding_mask"]
        return TextEmbeddings(sentences, words, padding_mask)

    def set_trainable_from(self, trainable_from: str | None) -> None:
        """Freezes every layer before the one named, trains it and those after.

        Args:
            trainable_from: `"none"` (or `None`), `"all"`, or a prefix of a layer's
                name such as `"transformer_layer_4"`.

        Raises:
            InputError: no layer has a name with that prefix.
        """
        trainable_from = trainable_from or "none"
        layers = [layer for layer in self.backbone_layers.layers if layer.weights]
        names = [layer.name for layer in layers]
        firsts = {"all": 0, "none": len(layers)}
        for index in reversed(range(len(names))):
            if names[index].startswith(trainable_from):
                firsts[trainable_from] = index
        if trainable_from not in firsts:
            raise InputError(
                "trainable_from must be 'none', 'all' or begin a layer's name",
                f"Choose one of {names}",
                trainable_from=trainable_from,
            )
        for index, layer in enumerate(layers):
            layer.trainable = index >= firsts[trainable_from]
        self.trainable_from = trainable_from

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "backbone": dict(self.backbone_config),
            "trainable_from": self.trainable_from,
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
