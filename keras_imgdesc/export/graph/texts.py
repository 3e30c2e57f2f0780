"""Checks of texts as TensorFlow operations."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.text.checks import special_ids

NO_WORDS = "A text must have words in it. Write what the image should show."


def text_errors(task: Any, text: tf.Tensor, token_ids: tf.Tensor) -> tf.Tensor:
    """Return an error message for each text, string (texts,); empty if it is good.

    Args:
        task: the painter or matcher that reads the texts.
        text: string (texts,).
        token_ids: int32 (texts, words), the token ids of the texts.
    """
    vocabulary = task.text_encoder.tokenizer.vocabulary
    is_empty = tf.strings.length(tf.strings.strip(text)) == 0
    unknown = (
        f"A text must have a word that the {task.READER} knows. Use words that it was "
        "trained on."
    )
    is_known = has_known_word(vocabulary, token_ids)
    return tf.where(is_empty, NO_WORDS, tf.where(is_known, "", unknown))


def has_known_word(vocabulary: Any, token_ids: tf.Tensor) -> tf.Tensor:
    """Return whether texts have a known word, bool (texts,).

    Args:
        vocabulary: the vocabulary.
        token_ids: int32 (texts, words).
    """
    special = tf.constant(special_ids(vocabulary))
    is_word = tf.reduce_all(token_ids[..., None] != special, axis=-1)
    return tf.reduce_any(is_word, axis=-1)
