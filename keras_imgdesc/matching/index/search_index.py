"""Search for images by text or by another image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_imgdesc.embeddings import ImageEmbeddings, MatchedTexts
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.matching.index.contents import IndexContents
from keras_imgdesc.matching.index.files import (
    check_file,
    is_gone,
    read_manifest,
    read_vectors,
)
from keras_imgdesc.matching.index.matcher_check import check_matcher
from keras_imgdesc.matching.index.nearest import NotFiniteError, nearest_rows

if TYPE_CHECKING:
    from keras_imgdesc.matching.index.relocating import Relocation
    from keras_imgdesc.matching.index.writing import IndexUpdate

# Largest number of similarities in memory: 16 MB.
_LARGEST_BLOCK = 1 << 22

# A mapped shard is an open file, and a process may have a limited number of them.
_MOST_MAPPED = 500


@dataclass(frozen=True)
class SearchHit:
    """An image that was found.

    Attributes:
        path: path of its file.
        similarity: cosine of its vector and the query.
        score: f(I, D) if it was computed by `rerank`, else None.
    """

    path: str
    similarity: float
    score: float | None = None


class SearchIndex:
    """Search exactly through the vectors of many images on disk.

    The vectors are memory-mapped: a million of them are searched in a fraction of a
    second, without being read into memory first. `SearchIndex.update` builds an index
    and keeps it up to date.

    An index names images by their absolute paths, which may be any paths if somebody
    else made it. Opening an index reads no file outside its folder. A search only asks
    whether the files of its hits exist; with `rerank` it reads them, as images.

    Args:
        path: folder of the index.
        matcher: `ImageTextMatcher` that built the index; None allows only
            `search_vectors`.
        verify: whether to compare every file with its checksum.

    Attributes:
        left_out: images that the last search left out because their file is gone or
            cannot be read, with the reason.

    Raises:
        InputError: there is no index, it belongs to another matcher or version, or a
            file is missing or damaged.

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
                "Build one with `keras-imgdesc index FOLDER -o INDEX`",
                path=self.path,
            )
        if matcher is not None:
            check_matcher(self.path, manifest, matcher)
        self.matcher, self.manifest = matcher, manifest
        if verify:
            for entry in manifest["shards"]:
                check_file(self.path, entry, "vectors")
        self._contents = IndexContents(self.path, manifest)
        self._outdated = self._contents.outdated()
        self._maps: dict[int, np.ndarray] = {}
        self.left_out: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._contents)

    @property
    def embedding_dim(self) -> int:
        """Width of the vectors."""
        return self.manifest["embedding_dim"]

    @property
    def preset(self) -> str | None:
        """What the index says its matcher's preset is; None if `update` got no name.

        Whoever made the index chose it: load it only if it is the name of a preset that
        is installed, or a folder that you trust.
        """
        return self.manifest["preset"]

    @staticmethod
    def update(
        matcher: Any, paths: Any, index: str | os.PathLike[str], **options: Any
    ) -> IndexUpdate:
        """Build an index, or bring one up to date; see `update_index`."""
        from keras_imgdesc.matching.index.writing import update_index

        return update_index(matcher, paths, index, **options)

    @staticmethod
    def relocate(
        index: str | os.PathLike[str],
        old: str | os.PathLike[str],
        new: str | os.PathLike[str],
    ) -> Relocation:
        """Change the paths of images that were moved; see `relocate_index`."""
        from keras_imgdesc.matching.index.relocating import relocate_index

        return relocate_index(index, old, new)

    def search(
        self,
        text: str | None = None,
        *,
        image: Any = None,
        k: int = 12,
        rerank: int = 0,
    ) -> list[SearchHit]:
        """Find the images that match a text best, or that are most similar to an image.

        The index holds the vectors of f's global term. The local term is more precise
        but needs the images, so `rerank` reads the best of them again. Images whose
        file is gone are no hits; they are in `left_out`.

        Args:
            text: query; pass either a text or an image.
            image: query, as `load_image` takes it.
            k: largest number of hits, at least 1.
            rerank: number of most similar images to sort by f(I, D), raised to `k` if
                smaller. Images that can no longer be read are left out, too. With 0, or
                a matcher without a local term, hits are sorted by similarity.

        Returns:
            At most `k` hits, the best first.

        Raises:
            ImageError: the image cannot be read.
            InputError: the text is empty, both or neither of `text` and `image` are
                given, `k` is below 1, or the index was opened without a matcher.
        """
        if (text is None) == (image is None):
            raise InputError(
                "A search needs either a text or an image",
                "Pass one of the two",
                text=text,
                image=type(image).__name__,
            )
        if self.matcher is None:
            raise InputError(
                "A search for a text or an image needs a matcher",
                "Open the index with SearchIndex(path, matcher)",
                matcher=None,
            )
        self.left_out = {}
        if text is None:
            query = self.matcher.embed_images([image]).vectors
            return self._existing(query, k)
        matched = self.matcher.embed_texts([text])
        if not (rerank and self.matcher.use_local):
            return self._existing(matched.vectors, k)
        hits = self._existing(matched.vectors, max(k, rerank))
        return self._rescored(hits, matched)[:k]

    def _existing(self, query: np.ndarray, count: int) -> list[SearchHit]:
        """Return the most similar images whose file exists, up to `count`."""
        asked = count
        while True:
            hits = self.search_vectors(query, asked)[0]
            found: list[SearchHit] = []
            for hit in hits:
                if is_gone(hit.path):
                    self.left_out[hit.path] = "The file is gone"
                else:
                    found.append(hit)
                if len(found) == count:
                    return found
            if len(hits) < asked:
                return found
            asked *= 8

    def _rescored(self, hits: list[SearchHit], text: MatchedTexts) -> list[SearchHit]:
        stream = self.matcher.embed_images_stream([hit.path for hit in hits])
        found = []
        for hit, (_, embedded) in zip(hits, stream, strict=True):
            if isinstance(embedded, ImageError):
                self.left_out[hit.path] = str(embedded)
            else:
                found.append((hit, embedded))
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
        """Find the images whose vectors are most similar to each query.

        Args:
            vectors: queries, float (queries, embedding_dim), of unit length.
            k: largest number of hits per query, at least 1.

        Returns:
            The hits of each query, the most similar first; among equal ones, in the
            order of indexing.

        Raises:
            InputError: `k` is below 1, or the vectors have another shape.
        """
        queries = np.asarray(vectors, np.float32)
        if k < 1:
            raise InputError("k must be at least 1", "Use for example 12", k=k)
        if queries.ndim != 2 or queries.shape[1] != self.embedding_dim:
            raise InputError(
                f"Vectors must be of shape (queries, {self.embedding_dim})",
                "Take them from the matcher that built the index",
                shape=queries.shape,
            )
        if not len(queries):
            return []
        if not np.isfinite(queries).all():
            raise InputError(
                "Vectors must be finite",
                "Take them from the matcher that built the index",
                vectors=queries,
            )
        blocks = self._blocks(len(queries))
        try:
            best = nearest_rows(queries, blocks, self._outdated, k)
        except NotFiniteError as error:
            raise InputError(
                "The vectors of an index must be finite",
                "Remove the folder of the index and index the images again",
                file=self.path / self.manifest["shards"][error.shard]["vectors"],
            ) from None
        return [
            [
                SearchHit(self._contents.name_of(int(shard), int(row)), float(value))
                for value, shard, row in found.T
            ]
            for found in best
        ]

    def _blocks(self, queries: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield blocks of vectors, each with its shard and its first row."""
        size = max(1, _LARGEST_BLOCK // max(1, queries))
        for shard, entry in enumerate(self.manifest["shards"]):
            if not entry["rows"]:
                continue
            vectors = self._maps.get(shard)
            if vectors is None:
                # A plain array: slicing the memmap subclass is slower.
                vectors = np.asarray(read_vectors(self.path, entry, self.embedding_dim))
                if len(self._maps) < _MOST_MAPPED:
                    self._maps[shard] = vectors
            for start in range(0, len(vectors), size):
                yield shard, start, vectors[start : start + size]
