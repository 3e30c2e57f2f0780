"""A cache of the embeddings of texts by a frozen encoder."""

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
from tqdm import tqdm

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import read_json
from keras_imgdesc.stored_arrays import file_digest, read_array
from keras_imgdesc.stored_names import path_inside
from keras_imgdesc.text.checks import check_texts
from keras_imgdesc.text.text_encoder import TextEmbeddings, TextEncoder

MANIFEST = "manifest.json"
ARRAYS = {"sentences": np.float32, "words": np.float16, "padding_mask": np.bool_}


class _Checksums(TypedDict):
    sentences: str
    words: str
    padding_mask: str


class _Manifest(TypedDict):
    texts: int
    sha256: _Checksums


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
    return _read(folder, _shapes(encoder, len(texts)))


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
    shapes = _shapes(encoder, len(texts))
    arrays = {
        name: _new_map(partial / f"{name}.npy", dtype, shapes[name])
        for name, dtype in ARRAYS.items()
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
        "sha256": {name: file_digest(partial / f"{name}.npy") for name in ARRAYS},
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))


def _new_map(file: Path, dtype: type, shape: tuple[int, ...]) -> np.memmap:
    """Return the map of a new file of the full size.

    Where there is no room for it, that is an error now; later, writing into the map
    would end the process.
    """
    found = np.lib.format.open_memmap(file, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):
        try:
            with file.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            # Some file systems cannot reserve room.
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
    return found


def _shapes(encoder: TextEncoder, count: int) -> dict[str, tuple[int, ...]]:
    length, width = encoder.sequence_length, encoder.embedding_dim
    return {
        "sentences": (count, width),
        "words": (count, length, width),
        "padding_mask": (count, length),
    }


def _read(folder: Path, shapes: dict[str, tuple[int, ...]]) -> TextEmbeddings:
    def damaged(rule: str, remedy: str = "", **received: object) -> InputError:
        return InputError(
            f"The files of a text cache must be as they were written: {rule}",
            "Delete the folder; the texts will be embedded again",
            folder=folder,
            **received,
        )

    manifest = path_inside(folder, MANIFEST, error=damaged)
    checksums = read_json(manifest, _Manifest, error=damaged)["sha256"]
    arrays = {}
    for name, dtype in ARRAYS.items():
        file = path_inside(folder, f"{name}.npy", error=damaged)
        if file_digest(file, damaged) != checksums[name]:  # type: ignore[literal-required]
            raise damaged("it does not match its checksum", file=file)
        arrays[name] = read_array(
            file, dtype, shapes[name], memory_mapped=name == "words", error=damaged
        )
    return TextEmbeddings(**arrays)
