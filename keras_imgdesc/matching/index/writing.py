"""Building and updating of a search index."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import find_images
from keras_imgdesc.images.listing import FoundImages
from keras_imgdesc.images.stamps import file_stamp
from keras_imgdesc.matching.index.contents import IndexContents
from keras_imgdesc.matching.index.files import (
    MANIFEST,
    Manifest,
    ShardImages,
    Stamp,
    is_foreign,
    is_gone,
    new_manifest,
    read_manifest,
    remove_unfinished,
    write_manifest,
    write_shard,
)
from keras_imgdesc.matching.index.locking import writing
from keras_imgdesc.matching.index.matcher_check import check_matcher


@dataclass(frozen=True)
class IndexUpdate:
    """Result of an update of an index.

    Attributes:
        added: number of new images.
        changed: number of images embedded again because their file changed.
        unchanged: number of images that were up to date.
        removed: number of images that were dropped because their file is gone.
        failed: images that cannot be read, with the reason.
        images: number of images in the index, those of other folders included.
    """

    added: int
    changed: int
    unchanged: int
    removed: int
    failed: dict[str, str]
    images: int


def update_index(
    matcher: Any,
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    index: str | os.PathLike[str],
    *,
    batch_size: int = 32,
    shard_size: int = 4096,
    preset: str | None = None,
    progress: bool = True,
) -> IndexUpdate:
    """Build a search index of images, or bring one up to date.

    Only new images and images whose file has changed are embedded. Images whose file is
    gone are dropped, also those of other folders: see `relocate_index` for images that
    were moved. A folder whose last image was deleted leaves an empty index. Killed at
    any moment, an update leaves a valid index; the next update continues with the next
    shard.

    Args:
        matcher: `ImageTextMatcher` with a global term.
        paths: files, folders and patterns, as `list_images` takes them.
        index: folder of the index.
        batch_size: images embedded at a time.
        shard_size: images per file; a killed update loses at most one shard.
        preset: name of the matcher's preset, stored in the index.
        progress: whether to show a progress bar.

    Raises:
        InputError: there are no images, none of them can be read, the index belongs to
            another matcher or version or is damaged, the folder has other files, or the
            matcher has no global term.
    """
    paths = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    found = images_to_index(paths, index)
    listed = {os.path.abspath(file): None for file in found.paths}
    if not matcher.global_scale:
        raise InputError(
            "An index needs the global term of the matcher",
            "Train a matcher with use_global=True",
            use_global=False,
        )
    folder = Path(index)
    with _folder_to_write(folder):
        manifest = read_manifest(folder)
        if manifest is None:
            manifest = new_manifest(
                matcher.fingerprint(), matcher.embedding_dim, preset
            )
        check_matcher(folder, manifest, matcher)
        writer = IndexWriter(folder, manifest)
        known = writer.contents
        stamps = {name: file_stamp(name) for name in listed}
        todo = [n for n, stamp in stamps.items() if known.stamp_of(n) != stamp]
        was_indexed = {name for name in todo if name in known}
        removed = [
            name
            for name in known.names
            if name not in listed and (_is_under(name, paths) or is_gone(name))
        ]
        writer.remove(removed)
        stream = matcher.embed_images_stream(todo, batch_size=batch_size)
        # Importing it takes as long as indexing several images.
        from tqdm import tqdm

        with tqdm(
            total=len(todo),
            desc="index",
            disable=None if progress else True,
            unit="img",
        ) as bar:
            for name, result in stream:
                writer.add(name, stamps[name], result)
                bar.update()
                if writer.waiting >= shard_size:
                    writer.commit()
        writer.commit()
        contents = writer.contents
    if contents.failed and not len(contents):
        raise InputError(
            "None of the images can be read",
            "Fix the files; `reason` has the first error",
            images=len(listed),
            reason=next(iter(contents.failed.values())),
        )
    embedded = [name for name in todo if name in contents]
    changed = len(was_indexed.intersection(embedded))
    failed = {n: contents.failed[n] for n in listed if n in contents.failed}
    return IndexUpdate(
        added=len(embedded) - changed,
        changed=changed,
        unchanged=len(listed) - len(embedded) - len(failed),
        removed=len(removed),
        failed=failed,
        images=len(contents),
    )


def images_to_index(
    paths: Iterable[str | os.PathLike[str]], index: str | os.PathLike[str]
) -> FoundImages:
    """Find the images of an update, and the files that are passed over.

    Args:
        paths: files, folders and patterns, as `list_images` takes them. One that stands
            for no image is accepted if all of its images in the index are gone.
        index: folder of the index, which need not exist.

    Raises:
        InputError: a path stands for no image, or an indexed folder is gone.
    """
    found: set[Path] = set()
    passed_over: set[Path] = set()
    for path in paths:
        try:
            images = find_images(path)
            found.update(images.paths)
            passed_over.update(images.passed_over)
        except InputError:
            manifest = read_manifest(Path(index))
            if manifest is None or not os.fspath(path):
                raise
            names = IndexContents(Path(index), manifest).names
            if not _had_images(os.fspath(path), names):
                raise
    return FoundImages(sorted(found), sorted(passed_over - found))


def _had_images(path: str, names: Iterable[str]) -> bool:
    """Return whether all indexed images of a file, folder or pattern are gone."""
    place = os.path.abspath(path)
    if place in names:
        return True
    if glob.has_magic(path):
        parts = Path(place).parts
        plain = itertools.takewhile(lambda part: not glob.has_magic(part), parts)
        place = os.path.join(*plain)
    inside = [name for name in names if _is_under(name, [place])]
    if inside and is_gone(place):
        raise InputError(
            "The folder of indexed images is gone",
            "If it was moved, run `keras-imgdesc index --relocate OLD NEW -o INDEX`; "
            "if it was deleted, index another folder, which drops its images",
            folder=place,
            images=len(inside),
        )
    return any(map(is_gone, inside))


class IndexWriter:
    """Add shards to an index.

    Args:
        folder: folder of the index, locked by `writing`.
        manifest: its manifest.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.contents = IndexContents(folder, manifest)
        self._vectors: list[np.ndarray] = []
        self._images = ShardImages()

    @property
    def waiting(self) -> int:
        """Number of images that are not committed yet."""
        return len(self._images.indexed) + len(self._images.failed)

    def add(self, name: str, stamp: Stamp, embedded: Any) -> None:
        """Add an image: vector and regions, or the `ImageError` of reading it."""
        if isinstance(embedded, ImageError):
            self._images.failed[name] = (stamp, str(embedded))
        else:
            self._images.indexed[name] = stamp
            self._vectors.append(embedded[0])

    def remove(self, names: list[str]) -> None:
        """Remove images."""
        self._images.removed += names

    def commit(self) -> None:
        """Write what was added and removed as a shard."""
        if not self._images:
            return
        width = self.manifest["embedding_dim"]
        vectors = np.array(self._vectors, np.float32).reshape(-1, width)
        shards = self.manifest["shards"]
        entry = write_shard(self.folder, len(shards), vectors, self._images)
        # Files of this number that a killed process left were not in any manifest.
        self.manifest = {**self.manifest, "shards": [*shards, entry]}
        write_manifest(self.folder, self.manifest)
        self.contents.add(entry, self._images)
        self._vectors, self._images = [], ShardImages()


@contextmanager
def _folder_to_write(folder: Path) -> Iterator[None]:
    """Make the folder of an index, if need be, and lock it.

    If a new index fails before its first shard is committed, nothing of it remains.
    """
    if folder.is_file() or (
        folder.is_dir()
        and not os.path.lexists(folder / MANIFEST)
        and any(map(is_foreign, folder.iterdir()))
    ):
        raise InputError(
            "An index needs a new or empty folder, or the folder of an index",
            "Pass another path",
            path=folder,
        )
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with writing(folder):
            try:
                yield
            except BaseException:
                with suppress(OSError):
                    remove_unfinished(folder)
                raise
    except BaseException:
        for made in missing:
            with suppress(OSError):
                made.rmdir()
        raise


def _is_under(name: str, paths: list[Any]) -> bool:
    return any(
        name.startswith(os.path.join(os.path.abspath(path), "")) for path in paths
    )
