"""The texts that a generator learns to paint, embedded once."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps


@dataclass(frozen=True, eq=False)
class PainterTexts:
    """All texts of a training: captions, each once, and wrong ones made of them.

    Attributes:
        sentences: float32 (texts, dim).
        token_ids: int (texts, words), or None where nobody reads them.
        of_caption: the text of each caption of the collection, in order.
        mismatches: wrong texts made of each caption's text, (captions' texts, n);
            -1 where there are fewer.
        words: float16 (captions' texts, words, dim), those of padding zero, of texts
            that captions have; None where nobody reads them.
    """

    sentences: np.ndarray
    token_ids: np.ndarray | None
    of_caption: np.ndarray
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
    """Embeds the captions of a collection.

    Args:
        encoder: a `TextEncoder`.
        collection: pictures with captions.
        folder: keeps the vectors, so that a run that goes on has them at once.
        hard_mismatch: wrong texts made of each text, at most.
        exchangeable: for `WordSwaps`.
        keep_ids: whether token ids are needed.
        keep_words: whether vectors of words are.
        seed: of the choice among wrong texts.
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
            wrong = swaps(text)
            # Half of them of two phrases changed for each other: the words are the
            # same, only what they belong to differs, and so they are the hardest.
            chosen = generator.permutation(len(wrong))[:hard_mismatch]
            for column, index in enumerate(chosen):
                mismatches[row, column] = number.setdefault(wrong[index], len(number))
        if made := list(number)[len(texts) :]:
            of_made, _ = _vectors(encoder, made, folder, keep_words=False)
            sentences = np.concatenate([sentences, of_made])
    return PainterTexts(
        sentences,
        encoder.tokenize(list(number)) if keep_ids else None,
        of_caption,
        mismatches,
        words,
    )


def _vectors(
    encoder: Any, texts: list[str], folder: Path, keep_words: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Sentences and, where they are kept, words; both from one look at each text."""
    digest = _digest(encoder, texts)
    path_of_sentences = folder / f"sentences-{digest}.npy"
    path_of_words = folder / f"words-{digest}.npy"
    wanted = [path_of_sentences, *([path_of_words] if keep_words else [])]
    if not all(path.exists() for path in wanted):
        sentences, words = [], []
        for some in _blocks(texts):
            found = encoder.encode(some)
            sentences.append(found.sentences)
            if keep_words:
                hidden = found.words * found.padding_mask[..., None]
                words.append(hidden.astype(np.float16))
        if keep_words:
            # Of the longest text there is, not the longest there could be.
            longest = max(
                np.flatnonzero(block.any(axis=(0, 2))).max(initial=0) for block in words
            )
            _save(
                path_of_words,
                np.concatenate([block[:, : longest + 1] for block in words]),
            )
        _save(path_of_sentences, np.concatenate(sentences))
    return (
        np.load(path_of_sentences),
        # A large data set's are larger than memory.
        np.load(path_of_words, mmap_mode="r") if keep_words else None,
    )


def _digest(encoder: Any, texts: list[str]) -> str:
    digest = hashlib.sha256(encoder.fingerprint().encode())
    digest.update("\n".join(texts).encode())
    return digest.hexdigest()[:16]


def _blocks(texts: list[str], size: int = 4096) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.save(buffer, values)
    write_atomically(path, buffer.getvalue())
