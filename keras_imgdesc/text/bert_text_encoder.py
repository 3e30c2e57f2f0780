"""A pretrained BERT as a text encoder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.sizes import Length, NumLayers, VocabularySize, Width
from keras_imgdesc.text.bert_sources import load_bert
from keras_imgdesc.text.text_encoder import TextEmbeddings, TextEncoder
from keras_imgdesc.text.word_piece_tokenizer import WordPieceTokenizer


class BackboneSizes(TypedDict):
    """Arguments of `keras_nlp.models.BertBackbone` that a configuration may have."""

    vocabulary_size: VocabularySize
    num_layers: NumLayers
    num_heads: Width
    hidden_dim: Width
    intermediate_dim: Width
    max_sequence_length: NotRequired[Width]
    num_segments: NotRequired[Width]


@keras.saving.register_keras_serializable("keras_imgdesc")
class BertTextEncoder(TextEncoder):
    """A pretrained BERT from KerasHub, Hugging Face or a folder.

    The sentence vector is the mean over all tokens, including the start and end tokens,
    scaled to unit length, for which the models of Sentence Transformers are trained.
    The word vectors are the outputs of the last layer at the word pieces.

    Args:
        source: a folder in Hugging Face layout (`config.json`, `vocab.txt`,
            `model.safetensors`), read offline; the name of a KerasHub preset such as
            `"bert_tiny_en_uncased"`; or `"hf://sentence-transformers/all-MiniLM-L6-v2"`.
        sequence_length: number of token ids per text, including start and end tokens.
        trainable_from: see `set_trainable_from`.
        dropout: dropout rate of the entire backbone in training, including frozen
            layers.
        tokenizer, backbone: instead of a source, a `WordPieceTokenizer` and the
            arguments of `keras_nlp.models.BertBackbone`, for a BERT with random
            weights.
        name: name of the Keras model.

    Attributes:
        trainable_from: `"none"`, `"all"` or a prefix of the name of the first trained
            layer.

    Raises:
        InputError: the source is not a BERT, a file is missing or broken,
            `sequence_length` is longer than the BERT allows, or a layer or option is
            unknown.

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
        sequence_length: Length = 40,
        trainable_from: str | None = "none",
        dropout: float = 0.0,
        tokenizer: WordPieceTokenizer | None = None,
        backbone: Annotated[dict[str, Any], BackboneSizes] | None = None,
        name: str = "bert_text_encoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        if (source is None) == (tokenizer is None or backbone is None):
            raise InputError(
                "A BERT is built from a source, or from a tokenizer and a backbone",
                "Pass a folder or the name of a preset as source",
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
                "sequence_length must not be longer than the BERT allows",
                f"Use a sequence_length of at most {bert.max_sequence_length}",
                sequence_length=tokenizer.sequence_length,
            )

        # === Functional Model ===
        # Without the pooled output, which is neither used nor trained here.
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
        # A row that is all padding, as in a padded batch, must not divide by zero.
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
        """Embed texts; see `TextEncoder.encode`. The vectors of padding are zero."""
        token_ids = self.tokenize(texts)
        padding_mask = np.zeros(token_ids.shape, np.bool_)
        sentences = np.zeros((len(token_ids), self.embedding_dim), np.float32)
        words = np.zeros((*token_ids.shape, self.embedding_dim), np.float32)
        # Texts of similar length together, so that little padding is computed.
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
        """Train the named layer and those after it, and freeze those before.

        Args:
            trainable_from: `"none"` (or `None`), `"all"`, or a prefix of a layer's
                name such as `"transformer_layer_4"`.

        Raises:
            InputError: no layer's name has that prefix.
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
                f"Use one of {names}",
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
