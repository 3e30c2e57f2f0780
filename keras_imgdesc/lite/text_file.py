"""A `.tflite` file that takes texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from os import PathLike
from typing import Any, ClassVar

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.lite_task import LiteTask
from keras_imgdesc.lite.metadata import TextMetadata
from keras_imgdesc.lite.model_file import (
    ModelFile,
    read_model_file,
)
from keras_imgdesc.splitting import split_characters
from keras_imgdesc.text.checks import check_known, check_texts, warn_of_unknown
from keras_imgdesc.text.cut_texts import SHORTEN, say_cut

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\uff07`\u00b4]")
_INVISIBLE = re.compile("[\u00ad\u200c\u200d\ufe00-\ufe0f]")


class TextFile(LiteTask):
    """A file of `export_tflite` that takes texts, and its tokenizer.

    Args:
        path: the `.tflite` file, or what `read_model_file` returned for it.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        TASK: name of the class of the task that the file must contain.
        KIND: this task in words, for error messages.
        file: the file, as `read_model_file` returns it.
        metadata: the metadata of the file.
        tokens: the vocabulary; the index of a token is its id.
        split: how the file splits texts; see `CaptionTokenizer`.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from such
            a task with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.
    """

    KIND: ClassVar[str]

    def __init__(
        self,
        path: str | PathLike[str] | ModelFile,
        num_threads: int | None = None,
    ) -> None:
        self.file = read_model_file(path)
        self.metadata, self.tokens = self.file.metadata, self.file.tokens
        found = self.metadata.get("task"), self.metadata.get("tokenizer")
        if found != (self.TASK, "CaptionTokenizer"):
            raise InputError(
                f"The file must contain {self.KIND} with a vocabulary of words",
                f"Export {self.KIND} with a CompactTextEncoder",
                path=self.file.path,
                task=found[0],
                tokenizer=found[1],
            )
        self.file.require(TextMetadata)
        self.file.check_special_tokens()
        self._num_threads = num_threads
        self._interpreter = self.file.open(num_threads)
        self.split: str = self.metadata.get("split", "words")
        self._ids: dict[str, int] = {}
        for index, token in enumerate(self.tokens):
            # Vocabularies of earlier versions may have words in decomposed form.
            self._ids.setdefault(unicodedata.normalize("NFC", token), index)
        self._runners: dict[str, Any] = {}

    def tokenize(self, text: str) -> np.ndarray:
        """Return the token ids of a text, int32 (1, words), as `CaptionTokenizer` does.

        Args:
            text: the text. Words that do not fit are dropped.

        Raises:
            InputError: the text is empty.
        """
        check_texts(text)
        ids, length = self.metadata["vocabulary"], self.metadata["sequence_length"]
        words = read_words(text, self.split)
        known = [self._ids.get(word, ids["unk_id"]) for word in words]
        row = [ids["start_id"], *known[: length - 2], ids["end_id"]]
        return np.array([row + [ids["pad_id"]] * (length - len(row))], np.int32)

    def find_unknown(self, texts: Sequence[str]) -> list[str]:
        """Return the words of texts that are not in the vocabulary, each once.

        Args:
            texts: the texts; empty ones have no words.
        """
        words = [word for text in texts for word in read_words(text, self.split)]
        return [word for word in dict.fromkeys(words) if word not in self._ids]

    def read_texts(
        self, texts: str | Sequence[str], *, allow_unknown: bool = False
    ) -> np.ndarray:
        """Return the token ids of texts, int32 (texts, words).

        Texts that are longer than the model reads are counted in the log.

        Args:
            texts: one text or several.
            allow_unknown: whether unknown words may be all that a text has, and are
                not reported.

        Raises:
            InputError: there is no text, or one is empty, not a string, or without a
                known word.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        several = check_texts(texts)
        token_ids = np.concatenate([self.tokenize(text) for text in several])
        if not allow_unknown:
            ids, reader = self.metadata["vocabulary"], self.KIND.removeprefix("a ")
            special = [ids[name] for name in ("pad_id", "start_id", "end_id", "unk_id")]
            check_known(several, token_ids, self.tokens, special, reader)
            warn_of_unknown(self.find_unknown(several), f"the {reader}")
            length = self.metadata["sequence_length"]
            lengths = [len(read_words(text, self.split)) + 2 for text in several]
            count = sum(each > length for each in lengths)
            say_cut(count, len(several), length, "texts", SHORTEN)
        return token_ids

    def _runner(self, signature: str) -> Any:
        # LiteRT prepares a signature when its runner is made, which takes memory.
        if signature not in self._runners:
            runner = self._interpreter.get_signature_runner(signature)
            self._runners[signature] = runner
        return self._runners[signature]


def read_words(text: str, split: str = "words") -> list[str]:
    """Split a text into words as `keras_imgdesc.text.standardize` does.

    Words are in lower case, in Unicode's form NFC and without apostrophes; other marks
    separate words.

    Args:
        text: the text.
        split: see `standardize`.

    Example:

    >>> from keras_imgdesc.lite.text_file import read_words
    >>> read_words("A man's T-shirt, 2 dogs!")
    ['a', 'mans', 't', 'shirt', '2', 'dogs']
    """
    # `lower` turns the dotted capital I into two characters.
    text = unicodedata.normalize("NFC", text).replace("\u0130", "i").lower()
    text = _INVISIBLE.sub("", _APOSTROPHES.sub("", text))
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Me":
            continue
        kept.append(character if category[0] in "LMN" else " ")
    words = []
    for word in "".join(kept).split(" "):
        # A combining mark needs a letter before it.
        while word and unicodedata.category(word[0])[0] == "M":
            word = word[1:]
        if word:
            # A lower-case letter may have a composed form that its capital lacks.
            words.append(unicodedata.normalize("NFC", word))
    return split_characters(words) if split == "characters" else words
