"""The base of the text encoders, and what they return."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.text.checks import check_texts


@dataclass(frozen=True, eq=False)
class TextEmbeddings:
    """Embeddings of texts, one row per text.

    Attributes:
        sentences: float32 (texts, embedding_dim).
        words: float32 (texts, words, embedding_dim).
        padding_mask: bool (texts, words), True at words.
    """

    sentences: np.ndarray
    words: np.ndarray
    padding_mask: np.ndarray

    def __len__(self) -> int:
        return len(self.sentences)


class TextEncoder(keras.Model):
    """Base of the text encoders: from token ids to vectors of the sentence and words.

    A functional Keras model with a tokenizer. Input: `{"token_ids": int32 (batch,
    sequence_length)}`, 0 being padding. Output: `{"sentence": float32 (batch,
    embedding_dim), "words": float32 (batch, sequence_length, embedding_dim),
    "padding_mask": bool (batch, sequence_length)}`, the mask being True at words.

    Attributes:
        tokenizer: converts strings to token ids (batch, sequence_length), in graphs,
            too. A longer text loses its last words.
        embedding_dim: width of the vectors.
    """

    tokenizer: Any
    embedding_dim: int

    @property
    def sequence_length(self) -> int:
        """Number of token ids per text."""
        return self.tokenizer.sequence_length

    def encode(
        self, texts: str | Sequence[str], *, batch_size: int = 256
    ) -> TextEmbeddings:
        """Embed texts.

        Args:
            texts: one text or several.
            batch_size: number of texts per batch.

        Raises:
            InputError: there is no text, or one is empty or not a string.
        """
        token_ids = self.tokenize(texts)
        found: list[dict[str, np.ndarray]] = []
        for start in range(0, len(token_ids), batch_size):
            batch = token_ids[start : start + batch_size]
            # Batches of one size: each other size would be traced again.
            short = batch_size - len(batch) if len(token_ids) > batch_size else 0
            outputs = self._traced(np.pad(batch, ((0, short), (0, 0))))
            rows = len(batch)
            found.append(
                {k: ops.convert_to_numpy(v)[:rows] for k, v in outputs.items()}
            )
        columns = {k: np.concatenate([f[k] for f in found]) for k in found[0]}
        return TextEmbeddings(
            columns["sentence"], columns["words"], columns["padding_mask"]
        )

    def tokenize(self, texts: str | Sequence[str]) -> np.ndarray:
        """Return the token ids of texts, int32 (texts, sequence_length).

        Raises:
            InputError: there is no text, or one is empty or not a string.
        """
        texts = check_texts(texts)
        return np.asarray(self.tokenizer(tf.constant(texts)))

    def fingerprint(self) -> str:
        """Return a digest of architecture, weights and vocabulary, 16 hex digits.

        Two encoders have the same one only if they compute the same embeddings.
        """
        digest = hashlib.sha256(type(self).__name__.encode())
        digest.update(repr((self.sequence_length, self.embedding_dim)).encode())
        digest.update("\n".join(self.tokenizer.vocabulary.tokens).encode())
        if (split := getattr(self.tokenizer, "split", "words")) != "words":
            digest.update(split.encode())
        for variable in self.weights:
            # Presets keep float16: reloading must not change the digest.
            digest.update(ops.convert_to_numpy(variable).astype(np.float16).tobytes())
        return digest.hexdigest()[:16]

    def _traced(self, token_ids: np.ndarray) -> dict[str, Any]:
        if not hasattr(self, "_function"):
            self._function = compile_function(
                self,
                lambda ids: self({"token_ids": ids}, training=False),
                reduce_retracing=True,
            )
        return self._function(ops.convert_to_tensor(token_ids))
