"""The texts that a generator learns to paint, embedded once."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.text.standardization import standardize_list
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.training.run_directory import write_atomically


@dataclass(frozen=True, eq=False)
class GeneratorTexts:
    """All texts of a training: captions, each once, and wrong ones made of them.

    Attributes:
        sentences: float32 (texts, dim).
        token_ids: int (texts, words), or None where nobody reads them.
        of_caption: the text of each caption of the collection, in order.
        mismatches: wrong texts made of each caption's text, (captions' texts, n);
            -1 where there are fewer.
    """

    sentences: np.ndarray
    token_ids: np.ndarray | None
    of_caption: np.ndarray
    mismatches: np.ndarray


def embed_texts(
    encoder: Any,
    collection: CaptionCollection,
    folder: Path,
    *,
    hard_mismatch: int,
    exchangeable: Sequence[Sequence[str]],
    keep_ids: bool,
    seed: int,
) -> GeneratorTexts:
    """Embeds the captions of a collection.

    Args:
        encoder: a `TextEncoder`.
        collection: pictures with captions.
        folder: keeps the vectors, so that a run that goes on has them at once.
        hard_mismatch: wrong texts made of each text, at most.
        exchangeable: for `WordSwaps`.
        keep_ids: whether token ids are needed.
        seed: of the choice among wrong texts.
    """
    number: dict[str, int] = {}
    of_caption = np.array(
        [number.setdefault(c, len(number)) for c in collection.captions()]
    )
    texts = list(number)
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
        texts = list(number)
    return GeneratorTexts(
        _sentences(encoder, texts, folder),
        encoder.tokenize(texts) if keep_ids else None,
        of_caption,
        mismatches,
    )


def _sentences(encoder: Any, texts: list[str], folder: Path) -> np.ndarray:
    digest = hashlib.sha256(encoder.fingerprint().encode())
    digest.update("\n".join(texts).encode())
    path = folder / f"sentences-{digest.hexdigest()[:16]}.npy"
    if path.exists():
        return np.load(path)
    step = 4096
    found = np.concatenate(
        [
            encoder.encode(texts[start : start + step]).sentences
            for start in range(0, len(texts), step)
        ]
    )
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.save(buffer, found)
    write_atomically(path, buffer.getvalue())
    return found
