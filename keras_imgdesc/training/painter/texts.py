"""The texts of a training, embedded once."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.stored_arrays import read_array, write_array
from keras_imgdesc.text.right_texts import number_texts
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps

_AGAIN = "Remove it; the texts will be embedded again"


@dataclass(frozen=True, eq=False)
class PainterTexts:
    """The different texts of a training: captions, and mismatched ones made of them.

    Attributes:
        sentences: float32 (texts, dim), sentence vectors.
        token_ids: int (texts, words), or None if they are not needed.
        of_caption: int (captions,), the row of each caption of the collection.
        text_id: int (texts,), equal for equal texts, see `number_texts`.
        mismatches: int (captions' texts, n), the rows of the mismatched texts made of
            each caption; -1 where there are fewer than n.
        words: float16 (captions' texts, words, dim), word vectors, zero where there is
            padding; None if they are not needed.
    """

    sentences: np.ndarray
    token_ids: np.ndarray | None
    of_caption: np.ndarray
    text_id: np.ndarray
    mismatches: np.ndarray
    words: np.ndarray | None = None


def embed_texts(
    encoder: Any,
    collection: CaptionCollection,
    folder: Path,
    *,
    keep_ids: bool,
    keep_words: bool,
    seed: int,
    hard_mismatch: int = 0,
    exchangeable: Sequence[Sequence[str]] = (),
) -> PainterTexts:
    """Embed the captions of a collection.

    Args:
        encoder: a `TextEncoder`.
        collection: images with captions.
        folder: directory that keeps the vectors for a resumed run.
        keep_ids: whether token ids are needed.
        keep_words: whether word vectors are needed.
        seed: seed of the choice among mismatched texts.
        hard_mismatch: maximum number of mismatched texts made of each caption.
        exchangeable: lists of phrases that exclude each other, for `WordSwaps`.
    """
    number: dict[str, int] = {}
    of_caption = np.array(
        [number.setdefault(c, len(number)) for c in collection.captions()]
    )
    texts = list(number)
    sentences, words = _vectors(encoder, texts, folder, keep_words)
    mismatches = np.full((len(texts), hard_mismatch), -1)
    if hard_mismatch:
        swaps = WordSwaps(exchangeable)
        generator = np.random.default_rng([seed, 1])
        for row, text in enumerate(standardize_list(list(texts))):
            changed = swaps(text)
            # The hardest have the same words, two phrases having changed places.
            chosen = generator.permutation(len(changed))[:hard_mismatch]
            for column, index in enumerate(chosen):
                mismatches[row, column] = number.setdefault(changed[index], len(number))
        if made := list(number)[len(texts) :]:
            of_made, _ = _vectors(encoder, made, folder, keep_words=False)
            sentences = np.concatenate([sentences, of_made])
    return PainterTexts(
        sentences,
        encoder.tokenize(list(number)) if keep_ids else None,
        of_caption,
        number_texts(list(number)),
        mismatches,
        words,
    )


def _vectors(
    encoder: Any, texts: list[str], folder: Path, keep_words: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return sentence vectors and, if kept, word vectors, encoding each text once."""
    digest = _digest(encoder, texts)
    path_of_sentences = folder / f"sentences-{digest}.npy"
    path_of_words = folder / f"words-{digest}.npy"
    expected = [path_of_sentences, *([path_of_words] if keep_words else [])]
    if not all(map(os.path.lexists, expected)):
        sentences, words = [], []
        for some in _blocks(texts):
            embedded = encoder.encode(some)
            sentences.append(embedded.sentences)
            if keep_words:
                hidden = embedded.words * embedded.padding_mask[..., None]
                words.append(hidden.astype(np.float16))
        if keep_words:
            # Only as long as the longest text.
            longest = max(
                np.flatnonzero(block.any(axis=(0, 2))).max(initial=0) for block in words
            )
            write_array(
                path_of_words,
                np.concatenate([block[:, : longest + 1] for block in words]),
            )
        write_array(path_of_sentences, np.concatenate(sentences).astype(np.float32))
    width = encoder.embedding_dim
    found = read_array(
        path_of_sentences, np.float32, (len(texts), width), remedy=_AGAIN
    )
    if not keep_words:
        return found, None
    # They may not fit into memory.
    return found, read_array(
        path_of_words,
        np.float16,
        (len(texts), None, width),
        remedy=_AGAIN,
        memory_mapped=True,
    )


def _digest(encoder: Any, texts: list[str]) -> str:
    digest = hashlib.sha256(encoder.fingerprint().encode())
    # As JSON, so that the boundaries between texts count.
    digest.update(json.dumps(texts).encode())
    return digest.hexdigest()[:16]


def _blocks(texts: list[str], size: int = 4096) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
