"""Texts of requests, checked as the SavedModel checks them."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.lite.text_file import TextFile, read_words

NO_WORDS = "A text must have words in it. Write what the image should show."
NO_TEXTS = "There must be at least one text"


class LiteTexts:
    """The texts of a request; a wrong one does not affect the others.

    Args:
        task: the file that reads them.
        texts: bytes (texts,) as objects; what is not UTF-8 counts as a space.

    Attributes:
        texts: the texts.
        errors: an error message for each text, bytes (texts,) as objects; empty where
            there is none.
        unknown_words: the words of each text that the file does not know, separated by
            spaces, bytes (texts,) as objects.
    """

    def __init__(self, task: TextFile, texts: np.ndarray) -> None:
        self.texts = [text.decode("utf-8", "replace") for text in texts]
        self.errors = np.full(len(texts), b"", object)
        self.unknown_words = np.full(len(texts), b"", object)
        reader = task.KIND.removeprefix("a ")
        for index, text in enumerate(self.texts):
            words = read_words(text, task.split)
            unknown = set(task.find_unknown([text]))
            self.unknown_words[index] = " ".join(
                word for word in words if word in unknown
            ).encode()
            if not text.strip():
                self.errors[index] = NO_WORDS.encode()
            elif not _knows_some(task, text):
                self.errors[index] = (
                    f"A text must have a word that the {reader} knows. Use words that "
                    "it was trained on."
                ).encode()

    @property
    def is_good(self) -> np.ndarray:
        """Which texts have no error, bool (texts,)."""
        return self.errors == b""


def _knows_some(task: Any, text: str) -> bool:
    """Return whether a text has a known word among those that are read of it."""
    ids = task.metadata["vocabulary"]
    special = [ids[name] for name in ("pad_id", "start_id", "end_id", "unk_id")]
    return not np.isin(task.tokenize(text), special).all()
