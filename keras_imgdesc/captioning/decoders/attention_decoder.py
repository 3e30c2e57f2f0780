"""What decoders that attend to the locations of an image share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.captioning_model import CaptioningModel
from keras_imgdesc.captioning.decoders.blank_image import BlankImage
from keras_imgdesc.captioning.decoders.checks import (
    check_feature_map_shape,
    check_heads,
    check_rates,
    check_sizes,
)
from keras_imgdesc.captioning.decoders.concept_guide import ConceptGuide
from keras_imgdesc.captioning.decoders.decoder import Decoder, log_softmax
from keras_imgdesc.captioning.decoders.repeat_for_captions import RepeatForCaptions
from keras_imgdesc.captioning.decoders.word_embedding import WordEmbedding


class AttentionDecoder(Decoder):
    """Base of decoders that attend to the locations of a feature map.

    It holds the options, the word layers and the concept guide, and implements both
    forms of a decoder with three methods of a subclass: `_begin` reads an image,
    `_read` all words at once, and `_advance` one word.

    A subclass's constructor calls `_set_options`, creates its layers, among them
    those of `_add_word_layers` and `_add_output_layers`, and then calls this
    constructor, which connects them to the training form.

    Args:
        name: name of the Keras model.

    Attributes:
        embedding_dim, hidden_dim, num_heads, dropout, feature_dropout, feature_dim,
            tie_embeddings, concepts, concept_dim, image_dropout: the options that all
            these decoders have.
    """

    def __init__(self, name: str) -> None:
        # === Layers ===
        self.per_caption = RepeatForCaptions(name="per_caption")
        self.blank_images = None
        if self.image_dropout:
            # It also scales the other images, which their normalization undoes.
            self.blank_images = keras.layers.Dropout(
                self.image_dropout, noise_shape=(None, 1, 1, 1), name="blank_images"
            )

        # === Functional Model ===
        feature_map = keras.Input(self.feature_map_shape, name="feature_map")
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        super().__init__(
            inputs={"feature_map": feature_map, "token_ids": token_ids},
            outputs=self._read_captions(token_ids, *self.begin(feature_map)),
            name=name,
        )

    def _set_options(
        self,
        vocabulary_size: int,
        feature_map_shape: tuple[int, int, int],
        *,
        embedding_dim: int,
        hidden_dim: int,
        num_heads: int,
        dropout: float,
        feature_dropout: float,
        feature_dim: int,
        tie_embeddings: bool,
        concepts: dict[str, Any] | None,
        concept_dim: int,
        image_dropout: float,
    ) -> None:
        """Check the options and keep them as attributes."""
        check_sizes(
            vocabulary_size=vocabulary_size,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
            num_heads=num_heads,
            feature_dim=feature_dim,
            concept_dim=concept_dim,
        )
        check_rates(
            dropout=dropout,
            feature_dropout=feature_dropout,
            image_dropout=image_dropout,
        )
        check_heads(num_heads, feature_dim=feature_dim)
        check_feature_map_shape(feature_map_shape)
        self.vocabulary_size = vocabulary_size
        rows, columns, channels = feature_map_shape
        self.feature_map_shape = (rows, columns, channels)
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.feature_dropout = feature_dropout
        self.feature_dim = feature_dim
        self.tie_embeddings = tie_embeddings
        self.concepts = concepts
        self.concept_dim = concept_dim
        self.image_dropout = image_dropout

    @property
    def summary_dim(self) -> int:
        """Width of the summary of the concepts, which `_begin` gets."""
        return self.feature_dim

    def _add_word_layers(self) -> None:
        # float32 under any policy, because it computes the logits.
        self.word_embedding = WordEmbedding(
            self.vocabulary_size,
            self.embedding_dim,
            self.tie_embeddings,
            dtype="float32",
            name="word_embedding",
        )
        self.word_dropout = keras.layers.Dropout(self.dropout, name="word_dropout")
        if self.concepts is not None:
            self.guide = ConceptGuide(
                self.concepts, self.word_embedding, self.concept_dim, self.summary_dim
            )

    def _add_output_layers(self, activation: str | None = None) -> None:
        self.output_projection = keras.layers.Dense(
            self.embedding_dim, activation=activation, name="output_projection"
        )
        self.output_dropout = keras.layers.Dropout(self.dropout, name="output_dropout")

    @abstractmethod
    def _begin(
        self, feature_map: Any, summary: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return memory and state before the first word; see `begin`.

        Args:
            feature_map: float (images, rows, columns, channels).
            summary: of the concepts, float (images or captions, summary_dim), or None.
        """

    @abstractmethod
    def _read(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any]:
        """Read all words of captions at once.

        Args:
            token_ids: int32 (captions, words).
            memory, state: from `begin`.

        Returns:
            What predicts the next word, vectors (captions, words, ...), the first of
            which attends to concepts; and attention, float32 (captions, words,
            locations).
        """

    @abstractmethod
    def _advance(
        self, token_ids: Any, beams: int, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[list[Any], Any, dict[str, Any]]:
        """Read one word per beam.

        Products with weights should have two axes, however many beams there are: only
        those become fully connected operations, which can be quantized.

        Args:
            token_ids: int (batch * beams,).
            beams: number of beams of an image.
            memory: from `begin`.
            state: tensors (batch * beams, ...).

        Returns:
            As `_read`, vectors (batch, beams, ...); attention, float32 (batch, beams,
            locations); and the new state.
        """

    def begin(
        self, feature_map: Any, concepts: tuple[Any, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        seen = feature_map
        if self.blank_images is not None:
            seen = self.blank_images(feature_map)
        if self.guide is None:
            return self._begin(seen, None)
        found = concepts or self.guide.detector(feature_map)
        words, summary = self.guide.begin(*found)
        memory, state = self._begin(seen, summary)
        used = ops.zeros_like(words["concept_weights"])
        return memory | words, state | {"used_concepts": used}

    def step(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> tuple[Any, Any, dict[str, Any]]:
        shape = tuple(ops.shape(token_ids))
        axes, beams = len(shape), shape[1] if len(shape) == 2 else 1
        rows = {
            name: ops.reshape(value, (-1, *value.shape[axes:]))
            for name, value in state.items()
        }
        used, now = None, {}
        if self.guide is not None:
            used = rows.pop("used_concepts")
            used = self.guide.update_used(
                ops.reshape(used, (-1, beams, used.shape[-1])),
                ops.reshape(token_ids, (-1, beams)),
                memory,
            )
            now = {"used_concepts": ops.reshape(used, (-1, used.shape[-1]))}
        known, attention, rows = self._advance(
            ops.reshape(token_ids, (-1,)), beams, memory, rows
        )
        output, boost = self._output(known, memory, used)
        logits = self.word_embedding(
            ops.reshape(output, (-1, self.embedding_dim)), reverse=True
        )
        if self.guide is not None:
            logits = self.guide.raise_rows(logits, boost, memory)
        log_probs = log_softmax(logits)
        log_probs = ops.reshape(log_probs, (*shape, self.vocabulary_size))
        if axes == 1:
            return log_probs, attention[:, 0], rows | now
        following = {
            name: ops.reshape(value, (-1, beams, *value.shape[1:]))
            for name, value in (rows | now).items()
        }
        return log_probs, attention, following

    def unpaired_model(self) -> CaptioningModel:
        num_concepts = self.concept_detector.num_concepts
        inputs = {
            "concept_ids": keras.Input(
                (num_concepts,), dtype="int32", name="concept_ids"
            ),
            "concept_weights": keras.Input((num_concepts,), name="concept_weights"),
            "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
        }
        token_ids = inputs["token_ids"]
        blank = BlankImage(self.feature_map_shape)(token_ids)
        begun = self.begin(blank, (inputs["concept_ids"], inputs["concept_weights"]))
        outputs = self._read_captions(token_ids, *begun)
        return CaptioningModel(inputs, outputs, name="unpaired")

    def _read_captions(
        self, token_ids: Any, memory: dict[str, Any], state: dict[str, Any]
    ) -> dict[str, Any]:
        used, state = None, dict(state)
        if self.guide is not None:
            del state["used_concepts"]
            concept_ids = self.per_caption(memory["concept_ids"], token_ids)
            used = self.guide.used_before(token_ids, concept_ids)
        known, attention = self._read(token_ids, memory, state)
        output, boost = self._output(known, memory, used)
        logits = self.word_embedding(output, reverse=True)
        if self.guide is not None:
            logits = self.guide.raise_logits(logits, boost, memory)
        return {"logits": logits, "attention": attention}

    def _output(
        self, known: list[Any], memory: dict[str, Any], used: Any
    ) -> tuple[Any, Any]:
        """Return output vectors, and what the pointer adds to logits, or None."""
        boost = None
        if self.guide is not None:
            context, boost = self.guide.attend(known[0], memory, used)
            known = [*known, context]
        joined = known[0] if len(known) == 1 else ops.concatenate(known, axis=-1)
        return self.output_dropout(self.output_projection(joined)), boost

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
            "feature_dim": self.feature_dim,
            "tie_embeddings": self.tie_embeddings,
            "concepts": self.concepts,
            "concept_dim": self.concept_dim,
            "image_dropout": self.image_dropout,
        }
