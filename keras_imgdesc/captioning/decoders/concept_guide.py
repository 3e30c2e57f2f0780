"""What a decoder does with the words that a classifier sees in an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.concepts.concept_detector import ConceptDetector
from keras_imgdesc.captioning.decoders.concept_attention import ConceptAttention
from keras_imgdesc.captioning.decoders.concept_pointer import ConceptPointer
from keras_imgdesc.captioning.decoders.word_embedding import WordEmbedding
from keras_imgdesc.errors import InputError


class ConceptGuide:
    """Guide a decoder by concepts: nouns that a classifier sees, with probabilities.

    The sum of their word vectors, weighted by probability, is added to what the decoder
    knows of the image before the first word. At each word it attends to them, and a
    pointer raises the logits of those that the caption has not used.

    Args:
        concepts: arguments of `ConceptDetector`.
        word_embedding: the decoder's, which embeds the concepts.
        concept_dim: width of the attention's keys and values.
        image_dim: width of what the decoder knows of the image.

    Raises:
        InputError: an argument of the detector is out of range, or a noun is not in the
            decoder's vocabulary.
    """

    def __init__(
        self,
        concepts: Mapping[str, Any],
        word_embedding: WordEmbedding,
        concept_dim: int,
        image_dim: int,
    ) -> None:
        self.detector = ConceptDetector(
            **concepts, dtype="float32", name="concept_detector"
        )
        ids, size = self.detector.noun_token_ids, word_embedding.vocabulary_size
        if not all(0 <= token_id < size for token_id in ids):
            raise InputError(
                "noun_token_ids must be token ids of the decoder's vocabulary",
                "Build concepts with ConceptTable.detector_config for this vocabulary",
                smallest=min(ids),
                largest=max(ids),
                vocabulary_size=size,
            )
        self._embed = word_embedding
        self._summary = keras.layers.Dense(
            image_dim, use_bias=False, name="concept_summary"
        )
        self._projection = keras.layers.Dense(
            3 * concept_dim, name="concept_projection"
        )
        self._attention = ConceptAttention(concept_dim, name="concept_attention")
        self._pointer = ConceptPointer(dtype="float32", name="concept_pointer")

    def begin(self, token_ids: Any, weights: Any) -> tuple[dict[str, Any], Any]:
        """Prepare the concepts of images.

        Args:
            token_ids: int32 (images, concepts).
            weights: float32 (images, concepts), probabilities; 0 is absent.

        Returns:
            Entries of the decoder's memory, and a summary (images, image_dim).
        """
        vectors = self._embed(token_ids)
        summary = ops.sum(ops.expand_dims(weights, -1) * vectors, axis=1)
        memory = {
            "concept_ids": token_ids,
            "concept_weights": weights,
            "concepts": self._projection(vectors),
        }
        return memory, self._summary(summary)

    def update_used(self, used: Any, token_ids: Any, memory: dict[str, Any]) -> Any:
        """Return which concepts captions have used after one more word.

        Args:
            used: float32 (images, beams, concepts), 1 for a used concept.
            token_ids: the word, int32 (images, beams).
            memory: the decoder's memory.
        """
        ids = ops.expand_dims(memory["concept_ids"], 1)
        now = ops.equal(ops.expand_dims(ops.cast(token_ids, "int32"), -1), ids)
        return ops.maximum(used, ops.cast(now, "float32"))

    def used_before(self, token_ids: Any, concept_ids: Any) -> Any:
        """Return which concepts captions have used up to each word.

        Args:
            token_ids: int32 (captions, words).
            concept_ids: int32 (captions, concepts).

        Returns:
            float32 (captions, words, concepts), 1 for a used concept.
        """
        equal = ops.equal(
            ops.expand_dims(token_ids, -1), ops.expand_dims(concept_ids, 1)
        )
        counts = ops.cumsum(ops.cast(equal, "float32"), axis=1)
        return ops.minimum(counts, 1.0)

    def attend(self, hidden: Any, memory: dict[str, Any], used: Any) -> tuple[Any, Any]:
        """Return context and what the pointer adds; see `ConceptAttention`."""
        return self._attention(
            hidden, memory["concepts"], memory["concept_weights"], used
        )

    def raise_logits(self, logits: Any, boost: Any, memory: dict[str, Any]) -> Any:
        """Add what the pointer computed to the logits; see `ConceptPointer`."""
        return self._pointer(logits, boost, memory["concept_ids"])

    def raise_rows(self, logits: Any, boost: Any, memory: dict[str, Any]) -> Any:
        """Do the same for one word per beam; see `ConceptPointer.add_to_rows`."""
        return self._pointer.add_to_rows(logits, boost, memory["concept_ids"])
