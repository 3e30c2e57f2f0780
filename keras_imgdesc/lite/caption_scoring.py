"""The probability of a given caption, without TensorFlow."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np

from keras_imgdesc.lite.captioner import LiteCaptioner
from keras_imgdesc.lite.text_file import read_words


class ReadCaption(NamedTuple):
    """A caption as token ids.

    Attributes:
        token_ids: the ids of its words and of the end.
        unknown: its words that are not in the vocabulary.
        num_words: number of its words.
    """

    token_ids: list[int]
    unknown: list[str]
    num_words: int


class CaptionScorer:
    """Score captions by the steps of a captioner's `.tflite` file.

    Args:
        captioner: the captioner.

    Attributes:
        most_words: the largest number of words in a caption: what the file's own search
            can find.
    """

    def __init__(self, captioner: LiteCaptioner) -> None:
        self._captioner = captioner
        metadata = captioner.metadata
        self._vocabulary = metadata["vocabulary"]
        self._split = metadata.get("split", "words")
        self._ids: dict[str, int] = {}
        for index, token in enumerate(captioner.tokens):
            self._ids.setdefault(unicodedata.normalize("NFC", token), index)
        self.most_words: int = metadata["search"]["max_length"] - 1

    def read(self, caption: str) -> ReadCaption:
        """Split a caption into the words that the file knows and others."""
        words = read_words(caption, self._split)
        unk_id = self._vocabulary["unk_id"]
        ids = [self._ids.get(word, unk_id) for word in words]
        unknown = [word for word, id_ in zip(words, ids, strict=True) if id_ == unk_id]
        return ReadCaption([*ids, self._vocabulary["end_id"]], unknown, len(words))

    def score(self, pixels: np.ndarray, token_ids: list[int]) -> np.ndarray:
        """Compute the log-probability of each token of a caption, float32 (tokens,).

        Args:
            pixels: the image, uint8 (image_size, image_size, 3).
            token_ids: ids as `read` returns them, at most `most_words + 1`.
        """
        state = dict(self._captioner._encode(image=pixels[None]))
        step = self._captioner._step
        last, found = self._vocabulary["start_id"], []
        for token_id in token_ids:
            outputs = step(token_id=np.array([last], np.int32), **state)
            found.append(outputs["log_probs"][0, token_id])
            state |= {
                name: outputs[f"next_{name}"]
                for name in state
                if f"next_{name}" in outputs
            }
            last = token_id
        return np.array(found, np.float32)
