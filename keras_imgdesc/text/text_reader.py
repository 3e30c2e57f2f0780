"""What the tasks that read texts have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

from keras_imgdesc.text.checks import (
    check_known,
    check_texts,
    special_ids,
    warn_of_unknown,
)
from keras_imgdesc.text.cut_texts import SHORTEN, warn_of_cut
from keras_imgdesc.text.text_encoder import TextEncoder


class TextReader:
    """Base of the tasks that read texts: naming and refusing unknown words.

    Attributes:
        READER: the task in a word, for messages.
        text_encoder: the text encoder.
    """

    READER: ClassVar[str]
    text_encoder: TextEncoder

    def find_unknown(self, texts: Sequence[str]) -> list[str]:
        """Return the words of texts that are not in the vocabulary, each once.

        Args:
            texts: the texts; empty ones have no words.
        """
        if not self._names_words:
            return []
        tokenizer: Any = self.text_encoder.tokenizer
        found = tokenizer.unknown_words(tf.constant(list(texts), tf.string))
        words = b" ".join(found.numpy().ravel()).decode("utf-8").split(" ")
        return [word for word in dict.fromkeys(words) if word]

    def check_words(self, texts: str | Sequence[str]) -> list[str]:
        """Return texts as a list, having checked that each has a known word.

        Raises:
            InputError: there is no text, or one is empty, not a string, or without a
                known word.
        """
        several = check_texts(texts)
        if not self._names_words:
            return several
        vocabulary = self.text_encoder.tokenizer.vocabulary
        check_known(
            several,
            self.text_encoder.tokenize(several),
            vocabulary.tokens,
            special_ids(vocabulary),
            self.READER,
        )
        return several

    def read_texts(
        self, texts: str | Sequence[str], *, allow_unknown: bool = False
    ) -> list[str]:
        """Return texts as a list, and warn of the unknown words that they have.

        Texts that are longer than the task reads are counted in the log.

        Args:
            texts: one text or several.
            allow_unknown: whether unknown words may be all that a text has, and are
                not reported.

        Raises:
            InputError: as in `check_words`.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        if allow_unknown:
            return check_texts(texts)
        several = self.check_words(texts)
        warn_of_unknown(self.find_unknown(several), f"the {self.READER}")
        if self._names_words:
            warn_of_cut(self.text_encoder.tokenizer, several, "texts", SHORTEN)
        return several

    @property
    def _names_words(self) -> bool:
        # A text encoder of another package need not have a vocabulary of words.
        return hasattr(self.text_encoder.tokenizer, "unknown_words")
