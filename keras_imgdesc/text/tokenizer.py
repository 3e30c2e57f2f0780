"""Converting captions to token ids and back, inside a graph."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.sizes import Length
from keras_imgdesc.splitting import check_split
from keras_imgdesc.text.standardization import (
    join_in_graph,
    standardize,
    standardize_list,
)
from keras_imgdesc.text.vocabulary import PAD, SPECIAL_TOKENS, UNK, Vocabulary


class TokenizerSettings(TypedDict):
    """The settings of a `CaptionTokenizer` in the configuration of a captioner."""

    sequence_length: Length
    split: NotRequired[Literal["words", "characters"]]


@keras.saving.register_keras_serializable(package="keras_imgdesc")
class CaptionTokenizer(tf.Module):
    """Convert captions to token ids of one length, and token ids to captions.

    The tokenizer consists of TensorFlow operations and lookup tables: it works
    eagerly, in a `tf.data` pipeline and in a SavedModel (which must track it, because
    it owns the tables).

    Args:
        vocabulary: the words, as `standardize` returns them.
        sequence_length: number of ids per caption, including start and end tokens; at
            least 3.
        split: `"words"`: spaces and punctuation separate words. `"characters"`: so do
            all letters of scripts without spaces, such as Chinese, Japanese and Thai;
            a caption of such letters is written without spaces.

    Attributes:
        vocabulary, sequence_length, split: the arguments.

    Raises:
        InputError: `sequence_length` is too small, `split` is something else, or the
            vocabulary has words that no standardized text can contain.

    Example:

    >>> from keras_imgdesc.text import CaptionTokenizer, Vocabulary
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "runs"]), 6)
    >>> tokenizer(["A dog runs!", "a zebra"]).numpy().tolist()
    [[2, 4, 5, 6, 3, 0], [2, 4, 1, 3, 0, 0]]
    >>> tokenizer.detokenize([[2, 4, 5, 6, 3, 0], [2, 4, 1, 3, 0, 0]])
    ['a dog runs', 'a [UNK]']
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        sequence_length: Length = 24,
        split: str = "words",
    ) -> None:
        super().__init__(name="caption_tokenizer")
        if sequence_length < 3:
            raise InputError(
                "`sequence_length` must leave room for a word between start and end",
                "Use at least 3",
                sequence_length=sequence_length,
            )
        # === Config ===
        self.vocabulary = vocabulary
        self.sequence_length = sequence_length
        self.split = check_split(split)

        # === Tables ===
        words = list(vocabulary.tokens[len(SPECIAL_TOKENS) :])
        ids = vocabulary.word_ids()
        same = standardize_list(list(ids), split)
        foreign = [word for word, other in zip(ids, same) if word != other]
        if foreign:
            raise InputError(
                "Every word of the vocabulary must be a standardized word",
                "Build it with `Vocabulary.build`, of the same `split`",
                words=foreign[:5],
                split=split,
            )
        # A tokenizer may be built inside a dataset's map function; its tables must
        # outlive that graph.
        with tf.init_scope():
            # No text contains UNK. It is there because a table must not be empty.
            self._word_to_id = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant([UNK, *ids], tf.string),
                    tf.constant([vocabulary.unk_id, *ids.values()], tf.int64),
                    tf.string,
                    tf.int64,
                ),
                default_value=vocabulary.unk_id,
            )
            # Padding, start and end have no text; an invalid id reads as unknown.
            self._id_to_word = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.range(len(vocabulary), dtype=tf.int64),
                    tf.constant([PAD, UNK, PAD, PAD, *words], tf.string),
                    tf.int64,
                    tf.string,
                ),
                default_value=UNK,
            )

    def __call__(
        self, texts: tf.Tensor | list[str] | str, *, end_cut: bool = True
    ) -> tf.Tensor:
        """Tokenize raw captions.

        Args:
            texts: strings of any shape, usually (batch,).
            end_cut: whether a caption that is cut has an end token. A captioner is
                trained without it: it would learn to stop in the middle of a sentence.

        Returns:
            Token ids int32 (..., sequence_length), `...` being the shape of `texts`:
            start, words, end, padding. A longer caption is cut and loses its last
            words.
        """
        texts = tf.convert_to_tensor(texts)
        if end_cut:
            ids = self._ragged(texts, self.sequence_length - 2)
        else:
            ids = self._ragged(texts, None)[:, : self.sequence_length]
        dense = ids.to_tensor(
            self.vocabulary.pad_id, shape=[None, self.sequence_length]
        )
        token_ids = tf.reshape(
            tf.cast(dense, tf.int32),
            tf.concat([tf.shape(texts), [self.sequence_length]], axis=0),
        )
        return tf.ensure_shape(token_ids, texts.shape + [self.sequence_length])

    def tokenize_uncut(self, texts: tf.Tensor) -> tf.Tensor:
        """Tokenize raw captions of any length.

        Args:
            texts: strings (batch,).

        Returns:
            Token ids int32 (batch, length of the longest), padded at the end.
        """
        ids = self._ragged(texts, None).to_tensor(self.vocabulary.pad_id)
        return tf.cast(ids, tf.int32)

    def count_cut(self, texts: tf.Tensor | list[str]) -> tuple[int, int]:
        """Return how many captions are cut, and how many there are.

        Args:
            texts: strings of any shape.
        """
        lengths = self._ragged(tf.convert_to_tensor(texts), None).row_lengths().numpy()
        return int((lengths > self.sequence_length).sum()), len(lengths)

    def _ragged(self, texts: tf.Tensor, most_words: int | None) -> tf.RaggedTensor:
        texts = tf.reshape(self.standardize(texts), [-1])
        words = tf.strings.split(texts)[:, :most_words]
        ids = words.with_flat_values(self._word_to_id.lookup(words.flat_values))
        edge = tf.ones([tf.size(texts), 1], tf.int64)
        return tf.concat(
            [edge * self.vocabulary.start_id, ids, edge * self.vocabulary.end_id],
            axis=1,
        )

    def unknown_words(self, texts: tf.Tensor | list[str] | str) -> tf.Tensor:
        """Return the words of texts that are not in the vocabulary.

        Args:
            texts: strings of any shape.

        Returns:
            Strings of the same shape, words separated by spaces.
        """
        texts = tf.convert_to_tensor(texts)
        words = tf.strings.split(tf.reshape(self.standardize(texts), [-1]))
        is_unknown = (
            self._word_to_id.lookup(words.flat_values) == self.vocabulary.unk_id
        )
        return joined_words(words, is_unknown, tf.shape(texts))

    def standardize(self, texts: tf.Tensor | list[str] | str) -> tf.Tensor:
        """Return the words of texts; see `text.standardize`."""
        return standardize(texts, self.split)

    def detokenize(self, token_ids: Any) -> list[str]:
        """Convert token ids to captions.

        Args:
            token_ids: integers (batch, words), an array or tensor of any backend.

        Returns:
            One string per row: the words before the first end token.

        Raises:
            InputError: the shape is different, or an id is not in the vocabulary.
        """
        ids = keras.ops.convert_to_numpy(token_ids)
        if ids.ndim != 2 or not (ids.size == 0 or np.issubdtype(ids.dtype, np.integer)):
            raise InputError(
                "`token_ids` must be integers of shape (batch, words)",
                "Put the ids of a single caption into a batch of one",
                shape=ids.shape,
                dtype=str(ids.dtype),
            )
        if ids.size and (ids.min() < 0 or ids.max() >= len(self.vocabulary)):
            raise InputError(
                "`token_ids` must be ids of the vocabulary",
                "Use the tokenizer that belongs to the model",
                lowest=int(ids.min()),
                highest=int(ids.max()),
                vocabulary_size=len(self.vocabulary),
            )
        texts = self.detokenize_in_graph(ids.astype("int64"))
        return [text.decode("utf-8") for text in texts.numpy()]

    def detokenize_in_graph(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Convert token ids to captions in TensorFlow operations.

        Args:
            token_ids: integers (..., words). An invalid id reads as `"[UNK]"`, because
                one caption must not fail a served batch.

        Returns:
            Strings of shape (...).
        """
        token_ids = tf.cast(token_ids, tf.int64)
        is_end = tf.cast(token_ids == self.vocabulary.end_id, tf.int32)
        is_before_end = tf.cumsum(is_end, axis=-1) == 0
        words = tf.where(is_before_end, self._id_to_word.lookup(token_ids), PAD)
        # Skipped tokens are empty strings and leave additional spaces.
        text = tf.strings.reduce_join(words, axis=-1, separator=" ")
        text = tf.strings.strip(tf.strings.regex_replace(text, " +", " "))
        return join_in_graph(text, self.split)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor except the vocabulary, ready for JSON."""
        # What splits at spaces is saved as in earlier versions, which can read it.
        split = {} if self.split == "words" else {"split": self.split}
        return {"sequence_length": self.sequence_length} | split

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, ready for JSON."""
        return {"vocabulary": self.vocabulary.get_config()} | self.settings

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CaptionTokenizer:
        """Build the tokenizer whose `get_config` returned `config`."""
        config = dict(config)
        vocabulary = Vocabulary.from_config(config.pop("vocabulary"))
        return cls(vocabulary, **config)


def joined_words(
    words: tf.RaggedTensor, is_chosen: tf.Tensor, shape: tf.Tensor
) -> tf.Tensor:
    """Join some words of each text with spaces.

    Args:
        words: strings (texts, words of each).
        is_chosen: bool (all words,).
        shape: shape of the result; its product is the number of texts.
    """
    chosen = tf.ragged.boolean_mask(words, words.with_flat_values(is_chosen))
    joined = tf.strings.reduce_join(chosen, axis=-1, separator=" ")
    return tf.reshape(joined, shape)
