"""A `.tflite` file that is given texts."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.interpreting import open_interpreter
from keras_imgdesc.lite.model_file import read_model_file
from keras_imgdesc.lite.word_reading import read_words
from keras_imgdesc.text.checks import check_texts


class TextFile:
    """Reads a file of `export_tflite`, and texts as its tokenizer does.

    Args:
        path: the `.tflite` file.
        num_threads: of the interpreter; None lets it choose.
        task: the class of the task that it must hold.
        what: this in words, for the message.

    Attributes:
        metadata: what the file says of itself.
        tokens: the vocabulary; the place of a token is its id.

    Raises:
        InputError: there is no file, it was not written by `export_tflite` of such a
            task with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.
    """

    def __init__(
        self, path: str | PathLike[str], num_threads: int | None, task: str, what: str
    ) -> None:
        self.metadata, self.tokens = read_model_file(path)
        found = self.metadata.get("task"), self.metadata.get("tokenizer")
        if found != (task, "CaptionTokenizer"):
            raise InputError(
                f"The file must hold {what} whose words are those of its vocabulary",
                "Export one with a compact text encoder",
                path=path,
                task=found[0],
                tokenizer=found[1],
            )
        self._interpreter = open_interpreter(path, num_threads)
        self._ids = {token: number for number, token in enumerate(self.tokens)}

    def tokenize(self, text: str) -> np.ndarray:
        """Token ids of a text, int32 (1, words), as `CaptionTokenizer` has them.

        Raises:
            InputError: the text is empty.
        """
        check_texts(text)
        ids, length = self.metadata["vocabulary"], self.metadata["sequence_length"]
        words = [self._ids.get(word, ids["unk_id"]) for word in read_words(text)]
        row = [ids["start_id"], *words[: length - 2], ids["end_id"]]
        return np.array([row + [ids["pad_id"]] * (length - len(row))], np.int32)

    def _runner(self, signature: str) -> Any:
        return self._interpreter.get_signature_runner(signature)

    def _shape(self, signature: str, kind: str, tensor: str) -> list[int]:
        shape: list[int] = self.metadata["signatures"][signature][kind][tensor]["shape"]
        return shape
