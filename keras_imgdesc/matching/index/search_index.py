"""Pictures found by words, or by another picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.matching.embeddings import ImageEmbeddings, MatchedTexts
from keras_imgdesc.matching.index.contents import IndexContents
from keras_imgdesc.matching.index.files import check_file, check_matcher, read_manifest
from keras_imgdesc.matching.index.writing import IndexUpdate, update_index

# Similarities that are in memory at a time: 16 MB.
_LARGEST_BLOCK = 1 << 22

# Below so many, a product for each is faster than one product of matrices.
_FEW_QUERIES = 8

# Each shard that stays mapped is an open file, of which a process may have few.
_MOST_MAPPED = 500


@dataclass(frozen=True)
class SearchHit:
    """A picture that was found.

    Attributes:
        path: of its file.
        similarity: cosine of its vector and the one searched for.
        score: f(I, D), where it was computed.
    """

    path: str
    similarity: float
    score: float | None = None


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
        self._maps: dict[int, np.ndarray] = {}

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
        self,
        text: str | None = None,
        *,
        image: Any = None,
        k: int = 12,
        rerank: int = 0,
    ) -> list[SearchHit]:
        """Finds the pictures that fit a text best, or that are most like a picture.

        The vectors are those of f's global term. Its local term tells more, and needs
        the pictures: `rerank` reads the best few again.

        Args:
            text, image: one of them: a string, or whatever `load_image` takes.
            k: at most so many.
            rerank: put so many of the most similar, at least `k`, into the order of
                f(I, D); those that can no longer be read are left out. 0 leaves them
                in the order of their similarity, as does a matcher without local term.

        Returns:
            The best first.

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
        if text is None:
            query = self.matcher.embed_images([image]).vectors
            return self.search_vectors(query, k)[0]
        matched = self.matcher.embed_texts([text])
        if not (rerank and self.matcher.pair_score.use_local):
            return self.search_vectors(matched.vectors, k)[0]
        hits = self.search_vectors(matched.vectors, max(k, rerank))[0]
        return self._rescored(hits, matched)[:k]

    def _rescored(self, hits: list[SearchHit], text: MatchedTexts) -> list[SearchHit]:
        stream = self.matcher.embed_images_stream([hit.path for hit in hits])
        found = [
            (hit, embedded)
            for hit, (_, embedded) in zip(hits, stream, strict=True)
            if not isinstance(embedded, ImageError)
        ]
        if not found:
            return []
        vectors, regions = zip(*(embedded for _, embedded in found), strict=True)
        images = ImageEmbeddings(np.stack(vectors), np.stack(regions))
        scores = self.matcher.score(images, text)[:, 0]
        return [
            replace(found[number][0], score=float(scores[number]))
            for number in np.argsort(-scores, kind="stable")
        ]

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
        if not len(queries):
            return []
        # Of each query, the best so far: similarity, shard and row.
        best = [np.empty((3, 0), np.float64) for _ in queries]
        worst = np.full((len(queries), 1), -np.inf, np.float32)
        for shard, start, block in self._blocks(len(queries)):
            similarities = _similarities(queries, block)
            outdated = self._outdated[shard] - start
            inside = outdated[(outdated >= 0) & (outdated < len(block))]
            similarities[:, inside] = -np.inf
            # After the first blocks, few are better than what was found before.
            flat = np.flatnonzero(similarities > worst)
            which, rows = np.divmod(flat, similarities.shape[1])
            for number in np.unique(which):
                left, right = np.searchsorted(which, [number, number + 1])
                better = rows[left:right]
                values = similarities[number, better]
                chosen = _largest(values, k)
                places = np.full(len(chosen), shard), start + better[chosen]
                found = np.concatenate(
                    [best[number], [values[chosen], *places]], axis=1
                )
                order = np.argsort(-found[0], kind="stable")[:k]
                best[number] = found[:, order]
                if len(order) == k:
                    worst[number] = best[number][0, -1]
        return [
            [
                SearchHit(self._contents.name_of(int(shard), int(row)), float(value))
                for value, shard, row in found.T
            ]
            for found in best
        ]

    def _blocks(self, queries: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Vectors in pieces: the shard, the first row in it, and the vectors."""
        size = max(1, _LARGEST_BLOCK // max(1, queries))
        for shard, entry in enumerate(self.manifest["shards"]):
            if not entry["rows"]:
                continue
            vectors = self._maps.get(shard)
            if vectors is None:
                vectors = np.load(self.path / entry["vectors"], mmap_mode="r")
                # Without the subclass's work for each slice.
                vectors = np.asarray(vectors)
                if len(self._maps) < _MOST_MAPPED:
                    self._maps[shard] = vectors
            for start in range(0, len(vectors), size):
                yield shard, start, vectors[start : start + size]


def _similarities(queries: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Dot products, float32 (queries, vectors)."""
    if len(queries) < _FEW_QUERIES:
        # Reads memory as fast as it can be read. A matrix product starts its threads
        # anew for each shard, which takes longer than the product itself.
        return np.stack([np.vecdot(block, query) for query in queries])
    return queries @ block.T


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """Places of the k largest values, in order of place; of equal ones the first."""
    if len(values) <= k:
        return np.arange(len(values))
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > limit)
    equal = np.flatnonzero(values == limit)[: k - len(above)]
    return np.sort(np.concatenate([above, equal]))
