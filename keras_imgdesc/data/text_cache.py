"""A cache of the embeddings of texts by a frozen encoder."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.text.checks import check_texts
from keras_imgdesc.text.text_encoder import TextEmbeddings, TextEncoder

MANIFEST = "manifest.json"
ARRAYS = ("sentences", "words", "padding_mask")

# Texts encoded before they are written, which limits the memory needed.
_BLOCK = 2048


def cached_texts(
    encoder: TextEncoder,
    texts: Sequence[str],
    path: str | Path,
    *,
    batch_size: int = 256,
    progress: bool = True,
) -> TextEmbeddings:
    """Embed texts, or read their embeddings if they were computed before.

    Args:
        encoder: the text encoder.
        texts: the texts, at least one.
        path: folder of caches; one folder serves any number of encoders and lists of
            texts.
        batch_size: texts per batch.
        progress: whether to show a progress bar.

    Returns:
        The embeddings; those of words are memory-mapped float16.

    Raises:
        InputError: there is no text, a text is empty or not a string, or the cache is
            damaged.

    Example:

    >>> import tempfile
    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
    >>> from keras_imgdesc.data.text_cache import cached_texts
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = cached_texts(encoder, ["a red bird"], folder, progress=False)
    ...     found.words.shape, str(found.words.dtype)
    ((1, 6, 16), 'float16')
    """
    texts = check_texts(texts)
    digest = hashlib.sha256(encoder.fingerprint().encode())
    # As JSON, so that the boundaries between texts count.
    digest.update(json.dumps(texts).encode())
    folder = Path(path) / digest.hexdigest()[:16]
    if not folder.exists():
        _fill(encoder, texts, folder, batch_size, progress)
    return _read(folder)


def _fill(
    encoder: TextEncoder,
    texts: list[str],
    folder: Path,
    batch_size: int,
    progress: bool,
) -> None:
    with atomic_path(folder) as partial:
        partial.mkdir()
        _write(encoder, texts, partial, batch_size, progress)


def _write(
    encoder: TextEncoder,
    texts: list[str],
    partial: Path,
    batch_size: int,
    progress: bool,
) -> None:
    shape = (len(texts), encoder.sequence_length, encoder.embedding_dim)
    arrays = {
        name: np.lib.format.open_memmap(partial / f"{name}.npy", "w+", dtype, size)
        for name, dtype, size in (
            ("sentences", np.float32, (shape[0], shape[2])),
            ("words", np.float16, shape),
            ("padding_mask", np.bool_, shape[:2]),
        )
    }
    with tqdm(total=len(texts), desc="texts", disable=not progress) as bar:
        for start in range(0, len(texts), _BLOCK):
            block = slice(start, start + _BLOCK)
            found = encoder.encode(texts[block], batch_size=batch_size)
            for name, array in arrays.items():
                array[block] = getattr(found, name)
            bar.update(len(found))
    for array in arrays.values():
        array.flush()
    manifest = {
        "texts": len(texts),
        "sha256": {name: _digest(partial / f"{name}.npy") for name in ARRAYS},
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))


def _read(folder: Path) -> TextEmbeddings:
    try:
        checksums = json.loads((folder / MANIFEST).read_text())["sha256"]
        is_whole = all(
            _digest(folder / f"{name}.npy") == checksums[name] for name in ARRAYS
        )
    except (OSError, ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise InputError(
            "The files of a text cache must match their checksums",
            "Delete the folder; the texts will be embedded again",
            path=str(folder),
        )
    return TextEmbeddings(
        np.load(folder / "sentences.npy"),
        np.load(folder / "words.npy", mmap_mode="r"),
        np.load(folder / "padding_mask.npy"),
    )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
