"""Embeddings of images and texts, and maps of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.splitting import words_of


@dataclass(frozen=True, eq=False)
class ImageEmbeddings:
    """Images, embedded for scoring.

    Attributes:
        vectors: float32 (images, embedding_dim), of unit length.
        regions: float32 (images, regions, embedding_dim), of unit length.
    """

    vectors: np.ndarray
    regions: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: slice | np.ndarray) -> ImageEmbeddings:
        return ImageEmbeddings(self.vectors[rows], self.regions[rows])


def collect_embeddings(
    stream: Iterable[tuple[Any, tuple[np.ndarray, np.ndarray] | ImageError]],
) -> ImageEmbeddings:
    """Collect what a stream of embedded images yields.

    Args:
        stream: each image with its vector, (embedding_dim,), and its regions, (regions,
            embedding_dim), or with the error if it cannot be read.

    Raises:
        ImageError: an image cannot be read.
        InputError: there is no image.
    """
    found = []
    for _, embedded in stream:
        if isinstance(embedded, ImageError):
            raise embedded
        found.append(embedded)
    if not found:
        raise InputError("There must be an image", "Pass one or several images")
    vectors, regions = zip(*found, strict=True)
    return ImageEmbeddings(np.stack(vectors), np.stack(regions))


@dataclass(frozen=True, eq=False)
class MatchedTexts:
    """Texts, embedded for scoring.

    Attributes:
        vectors: float32 (texts, embedding_dim), of unit length.
        words: float32 (texts, words, embedding_dim), of unit length.
        padding_mask: bool (texts, words), True at words.
    """

    vectors: np.ndarray
    words: np.ndarray
    padding_mask: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: slice | np.ndarray) -> MatchedTexts:
        return MatchedTexts(
            self.vectors[rows], self.words[rows], self.padding_mask[rows]
        )


@dataclass(frozen=True, eq=False)
class WordMaps:
    """Where in an image a matcher finds each word of a text.

    Attributes:
        text: the words, separated by spaces; an unknown word is `[UNK]`.
        attention: float32 (words, rows, columns), one map per word; each sums to 1.
        similarities: float32 (words,), cosine of the word and what it attends to.
        split: how the matcher splits texts, see `CaptionTokenizer`.
    """

    text: str
    attention: np.ndarray
    similarities: np.ndarray
    split: str = "words"

    @property
    def words(self) -> list[str]:
        """The words, in the order of the maps."""
        return words_of(self.text, self.split)
