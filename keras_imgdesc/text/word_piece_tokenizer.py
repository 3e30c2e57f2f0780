"""Converting texts to the token ids of a BERT, inside a graph."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.sizes import Length
from keras_imgdesc.text.normalization import compose
from keras_imgdesc.text.tokenizer import joined_words
from keras_imgdesc.text.word_piece_vocabulary import WordPieceVocabulary

# Cleaning that BERT's original tokenizer does and KerasHub's does not: control
# characters are removed, and all white space of Unicode separates words.
_CLEANING = (
    (r"[\t\n\r\p{Z}]", " "),
    (r"[\p{Cc}\p{Cf}\x{FFFD}]", ""),
)


@keras.saving.register_keras_serializable("keras_imgdesc")
class WordPieceTokenizer(tf.Module):
    """Convert texts to the token ids that a BERT was trained on.

    KerasHub's WordPiece in TensorFlow operations: it works eagerly, in a `tf.data`
    pipeline and in a SavedModel (which needs `import tensorflow_text` when it is
    loaded).

    Args:
        vocabulary: the word pieces.
        sequence_length: number of ids per text, including start and end tokens; at
            least 3.
        lowercase: whether to lower-case the text and strip its accents, as uncased
            BERTs expect.

    Attributes:
        vocabulary, sequence_length, lowercase: the arguments.

    Raises:
        InputError: `sequence_length` is too small.

    Example:

    >>> from keras_imgdesc.text import WordPieceTokenizer, WordPieceVocabulary
    >>> pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "##s", "."]
    >>> tokenizer = WordPieceTokenizer(WordPieceVocabulary(pieces), 6)
    >>> ids = tokenizer(["Dogs.", "a zebra"])
    >>> ids.numpy().tolist()
    [[2, 5, 6, 7, 3, 0], [2, 4, 1, 3, 0, 0]]
    >>> tokenizer.detokenize(ids)
    ['dog ##s .', 'a [UNK]']
    """

    def __init__(
        self,
        vocabulary: WordPieceVocabulary,
        sequence_length: Length = 40,
        lowercase: bool = True,
    ) -> None:
        super().__init__(name="word_piece_tokenizer")
        if sequence_length < 3:
            raise InputError(
                "`sequence_length` must leave room for a word between start and end",
                "Use at least 3",
                sequence_length=sequence_length,
            )
        # === Config ===
        self.vocabulary = vocabulary
        self.sequence_length = sequence_length
        self.lowercase = lowercase

        # === Pieces ===
        # KerasHub takes seconds to import.
        import keras_nlp

        # A tokenizer may be built inside a dataset's map function; it must outlive that
        # graph.
        with tf.init_scope():
            splitter = keras_nlp.tokenizers.WordPieceTokenizer(
                list(vocabulary.tokens), lowercase=lowercase, strip_accents=lowercase
            )
        # Called eagerly, KerasHub would return lists.
        self._pieces = tf.function(
            splitter, input_signature=[tf.TensorSpec([None], tf.string)]
        )

    def __call__(self, texts: tf.Tensor | list[str] | str) -> tf.Tensor:
        """Tokenize raw texts.

        Args:
            texts: strings of any shape, usually (batch,).

        Returns:
            Token ids int32 (..., sequence_length), `...` being the shape of `texts`:
            start, pieces, end, padding. A longer text loses its last pieces and keeps
            the end token.
        """
        texts = tf.convert_to_tensor(texts, tf.string)
        pieces = self._split(texts)[:, : self.sequence_length - 2]
        edge = tf.ones([tf.size(texts), 1], tf.int32)
        ids = tf.concat(
            [edge * self.vocabulary.start_id, pieces, edge * self.vocabulary.end_id],
            axis=1,
        )
        dense = ids.to_tensor(
            self.vocabulary.pad_id, shape=[None, self.sequence_length]
        )
        token_ids = tf.reshape(
            dense, tf.concat([tf.shape(texts), [self.sequence_length]], axis=0)
        )
        return tf.ensure_shape(token_ids, texts.shape + [self.sequence_length])

    def count_cut(self, texts: tf.Tensor | list[str]) -> tuple[int, int]:
        """Return how many texts are cut, and how many there are.

        Args:
            texts: strings of any shape.
        """
        pieces = self._split(tf.convert_to_tensor(texts, tf.string))
        lengths = pieces.row_lengths().numpy() + 2
        return int((lengths > self.sequence_length).sum()), len(lengths)

    def _split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of the pieces of each text, without start and end."""
        return self._pieces(_cleaned(texts))

    def unknown_words(self, texts: tf.Tensor | list[str] | str) -> tf.Tensor:
        """Return the words of texts that no word pieces make up.

        Args:
            texts: strings of any shape.

        Returns:
            Strings of the same shape, words separated by spaces.
        """
        texts = tf.convert_to_tensor(texts, tf.string)
        spaced = tf.strings.regex_replace(_cleaned(texts), r"\p{P}+", " ")
        words = tf.strings.split(spaced)
        pieces = self._pieces(words.flat_values)
        is_unknown = tf.reduce_any(pieces == self.vocabulary.unk_id, axis=1)
        return joined_words(words, is_unknown, tf.shape(texts))

    def detokenize(self, token_ids: Any) -> list[str]:
        """Convert token ids to word pieces separated by spaces.

        Args:
            token_ids: integers (batch, tokens), an array or tensor of any backend.

        Returns:
            One string per row, without start, end and padding.
        """
        vocabulary = self.vocabulary
        skipped = {vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id}
        return [
            " ".join(vocabulary.tokens[i] for i in row if i not in skipped)
            for row in keras.ops.convert_to_numpy(token_ids)
        ]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, ready for JSON."""
        return {
            "vocabulary": self.vocabulary.get_config(),
            "sequence_length": self.sequence_length,
            "lowercase": self.lowercase,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WordPieceTokenizer:
        """Build the tokenizer whose `get_config` returned `config`."""
        config = dict(config)
        vocabulary = WordPieceVocabulary.from_config(config.pop("vocabulary"))
        return cls(vocabulary, **config)


def _cleaned(texts: tf.Tensor) -> tf.Tensor:
    """Return texts as a list, without control characters."""
    flat = tf.strings.unicode_transcode(
        tf.reshape(texts, [-1]), "UTF-8", "UTF-8", errors="replace"
    )
    for pattern, replacement in _CLEANING:
        flat = tf.strings.regex_replace(flat, pattern, replacement)
    return compose(flat)
