"""Pictures found by words, or by another picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.index_contents import IndexContents
from keras_imgdesc.matching.index_files import check_file, check_matcher, read_manifest
from keras_imgdesc.matching.index_writing import IndexUpdate, update_index

# Similarities that are in memory at a time: 64 MB.
_LARGEST_BLOCK = 1 << 24


@dataclass(frozen=True)
class SearchHit:
    """A picture that was found.

    Attributes:
        path: of its file.
        similarity: cosine of its vector and the one searched for.
    """

    path: str
    similarity: float


class SearchIndex:
    """Vectors of many pictures on disk, and an exact search through them.

    The vectors are memory-mapped: a million of them are searched in a fraction of a
    second, without being read into memory first. Made and kept up to date by
    `SearchIndex.update`.

    Args:
        path: the index's folder.
        matcher: the `ImageTextMatcher` it was made with. None opens it for vectors
            alone.
        verify: compare every file with its checksum.

    Raises:
        InputError: there is no index, it is of another matcher or version, or a file
            is missing or damaged.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder
    >>> from keras_imgdesc import ImageTextMatcher, VGG16Encoder, Vocabulary
    >>> from keras_imgdesc.matching import SearchIndex
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird", "dog"]), 6)
    >>> text_encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> matcher = ImageTextMatcher.build_parts(encoder, text_encoder, embedding_dim=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("red", "blue", "green"):
    ...         Image.new("RGB", (40, 40), name).save(f"{folder}/{name}.png")
    ...     done = SearchIndex.update(
    ...         matcher, folder, f"{folder}/index", progress=False
    ...     )
    ...     index = SearchIndex(f"{folder}/index", matcher)
    ...     done.added, len(index), len(index.search("a red bird", k=2))
    (3, 3, 2)
    """

    def __init__(
        self, path: str | os.PathLike[str], matcher: Any = None, verify: bool = True
    ) -> None:
        self.path = Path(path)
        manifest = read_manifest(self.path)
        if manifest is None:
            raise InputError(
                "There must be an index in the folder",
                "Make one with `keras-imgdesc index FOLDER -o INDEX`",
                path=self.path,
            )
        if matcher is not None:
            check_matcher(self.path, manifest, matcher)
        self.matcher, self.manifest = matcher, manifest
        if verify:
            for entry in manifest["shards"]:
                check_file(self.path / entry["vectors"], entry["sha256"]["vectors"])
        self._contents = IndexContents(self.path, manifest)
        self._outdated = self._contents.outdated()

    def __len__(self) -> int:
        return len(self._contents)

    @property
    def embedding_dim(self) -> int:
        """Width of the vectors."""
        return self.manifest["embedding_dim"]

    @property
    def preset(self) -> str | None:
        """Where the matcher came from, if that was told."""
        return self.manifest["preset"]

    @staticmethod
    def update(
        matcher: Any, paths: Any, index: str | os.PathLike[str], **options: Any
    ) -> IndexUpdate:
        """Makes an index, or brings one up to date; see `update_index`."""
        return update_index(matcher, paths, index, **options)

    def search(
        self, text: str | None = None, *, image: Any = None, k: int = 12
    ) -> list[SearchHit]:
        """Finds the pictures that fit a text best, or that are most like a picture.

        Args:
            text, image: one of them: a string, or whatever `load_image` takes.
            k: at most so many.

        Returns:
            The most similar first.

        Raises:
            ImageError: the picture cannot be read.
            InputError: the text is empty, both or none are given, `k` is below 1, or
                the index was opened without a matcher.
        """
        if (text is None) == (image is None):
            raise InputError(
                "It is searched for a text or for a picture",
                "Give one of them",
                text=text,
                image=type(image).__name__,
            )
        if self.matcher is None:
            raise InputError(
                "Only a matcher makes words or pictures into vectors",
                "Open the index with one",
                matcher=None,
            )
        if text is not None:
            query = self.matcher.embed_texts([text]).vectors
        else:
            query = self.matcher.embed_images([image]).vectors
        return self.search_vectors(query, k)[0]

    def search_vectors(self, vectors: np.ndarray, k: int = 12) -> list[list[SearchHit]]:
        """Finds the pictures whose vectors are nearest to each of some vectors.

        Args:
            vectors: float (queries, embedding_dim), of unit length.
            k: at most so many.

        Returns:
            For each of them the most similar first; of equal ones, the one that was
            indexed first.
        """
        queries = np.asarray(vectors, np.float32)
        if k < 1:
            raise InputError("`k` must be at least 1", "Try 12", k=k)
        if queries.ndim != 2 or queries.shape[1] != self.embedding_dim:
            raise InputError(
                f"Vectors must be of shape (queries, {self.embedding_dim})",
                "Take them from the matcher that the index was made with",
                shape=queries.shape,
            )
        # Of each query: similarity, shard and row of the best so far.
        best = [np.empty((3, 0), np.float64) for _ in queries]
        for shard, start, block in self._blocks(len(queries)):
            similarities = queries @ block.T
            outdated = self._outdated[shard] - start
            inside = outdated[(outdated >= 0) & (outdated < len(block))]
            similarities[:, inside] = -np.inf
            for number, row in enumerate(similarities):
                rows = _largest(row, k)
                places = np.full(len(rows), shard), rows + start
                found = np.concatenate([best[number], [row[rows], *places]], axis=1)
                order = np.argsort(-found[0], kind="stable")[:k]
                best[number] = found[:, order]
        return [
            [
                SearchHit(self._contents.name_of(int(shard), int(row)), float(value))
                for value, shard, row in found.T
                if np.isfinite(value)
            ]
            for found in best
        ]

    def _blocks(self, queries: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Vectors in pieces: the shard, the first row in it, and the vectors."""
        size = max(1, _LARGEST_BLOCK // max(1, queries))
        for shard, entry in enumerate(self.manifest["shards"]):
            if not entry["rows"]:
                continue
            # Opened when needed: thousands of shards would be too many open files.
            vectors = np.load(self.path / entry["vectors"], mmap_mode="r")
            for start in range(0, len(vectors), size):
                yield shard, start, vectors[start : start + size]


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """Places of the k largest values, in order of place; of equal ones the first."""
    if len(values) <= k:
        return np.arange(len(values))
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > limit)
    equal = np.flatnonzero(values == limit)[: k - len(above)]
    return np.sort(np.concatenate([above, equal]))
