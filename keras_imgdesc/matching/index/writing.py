"""Pictures to a search index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import list_images
from keras_imgdesc.matching.index.contents import IndexContents
from keras_imgdesc.matching.index.files import (
    OWN_FILES,
    ShardPictures,
    Stamp,
    check_matcher,
    new_manifest,
    read_manifest,
    write_manifest,
    write_shard,
    writing,
)


@dataclass(frozen=True)
class IndexUpdate:
    """What became of the pictures that an index was told of.

    Attributes:
        added, changed, unchanged, removed: how many.
        failed: those that cannot be read, and why.
        pictures: in the index now, of other folders too.
    """

    added: int
    changed: int
    unchanged: int
    removed: int
    failed: dict[str, str]
    pictures: int


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
    """Makes a search index of pictures, or brings one up to date.

    Only pictures that are new, or whose file has changed, are embedded; those that are
    gone from a folder are taken out. Killed at any moment, it leaves an index that is
    whole, and run again it goes on with the next shard.

    Args:
        matcher: an `ImageTextMatcher` with a global term.
        paths: files, folders and patterns, as `list_images` takes them.
        index: the index's folder.
        batch_size: pictures embedded at a time.
        shard_size: pictures in a file; those of the last one are lost by a kill.
        preset: where the matcher comes from, kept for whoever searches.
        progress: show a progress bar.

    Raises:
        InputError: there are no pictures, none of them can be read, the index is of
            another matcher or version or is damaged, the folder is something else, or
            the matcher has no global term.
    """
    paths = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    listed = {os.path.abspath(file): None for file in list_images(paths)}
    if not matcher.global_scale:
        raise InputError(
            "Pictures are indexed by the global term",
            "Train a matcher with use_global",
            use_global=False,
        )
    folder = Path(index)
    _make(folder)
    with writing(folder):
        writer = _Writer(matcher, folder, preset)
        known = writer.contents
        stamps = {name: _stamp(name) for name in listed}
        todo = [n for n, stamp in stamps.items() if known.stamp_of(n) != stamp]
        was_there = {name for name in todo if name in known}
        removed = [n for n in known.names if n not in listed and _is_under(n, paths)]
        writer.remove(removed)
        stream = matcher.embed_images_stream(todo, batch_size=batch_size)
        with tqdm(
            total=len(todo), desc="index", disable=not progress, unit="img"
        ) as bar:
            for name, embedded in stream:
                writer.add(name, stamps[name], embedded)
                bar.update()
                if writer.waiting >= shard_size:
                    writer.commit()
        writer.commit()
        contents = writer.contents
    if not len(contents):
        raise InputError(
            "None of the pictures can be read",
            "Look at the reason",
            pictures=len(listed),
            reason=next(iter(contents.failed.values())),
        )
    good = [name for name in todo if name in contents]
    changed = len(was_there.intersection(good))
    failed = {n: contents.failed[n] for n in listed if n in contents.failed}
    return IndexUpdate(
        added=len(good) - changed,
        changed=changed,
        unchanged=len(listed) - len(good) - len(failed),
        removed=len(removed),
        failed=failed,
        pictures=len(contents),
    )


class _Writer:
    """Adds shards to an index."""

    def __init__(self, matcher: Any, folder: Path, preset: str | None) -> None:
        self.folder = folder
        manifest = read_manifest(folder)
        if manifest is None:
            manifest = new_manifest(
                matcher.fingerprint(), matcher.embedding_dim, preset
            )
        check_matcher(folder, manifest, matcher)
        self.manifest = manifest
        self.contents = IndexContents(folder, manifest)
        self._vectors: list[np.ndarray] = []
        self._pictures = ShardPictures()

    @property
    def waiting(self) -> int:
        """Pictures that are not committed."""
        return len(self._pictures.indexed) + len(self._pictures.failed)

    def add(self, name: str, stamp: Stamp, embedded: Any) -> None:
        if isinstance(embedded, ImageError):
            self._pictures.failed[name] = (stamp, str(embedded))
        else:
            self._pictures.indexed[name] = stamp
            self._vectors.append(embedded[0])

    def remove(self, names: list[str]) -> None:
        self._pictures.removed += names

    def commit(self) -> None:
        if not self._pictures:
            return
        width = self.manifest["embedding_dim"]
        vectors = np.array(self._vectors, np.float32).reshape(-1, width)
        shards = self.manifest["shards"]
        entry = write_shard(self.folder, len(shards), vectors, self._pictures)
        # Files of this number that a killed process left were not in any manifest.
        self.manifest = self.manifest | {"shards": [*shards, entry]}
        write_manifest(self.folder, self.manifest)
        self.contents.add(entry, self._pictures)
        self._vectors, self._pictures = [], ShardPictures()


def _make(folder: Path) -> None:
    if folder.is_file() or (
        folder.is_dir() and any(_foreign(folder)) and read_manifest(folder) is None
    ):
        raise InputError(
            "An index goes to a new folder or in the place of another index",
            "Choose another path",
            path=folder,
        )
    folder.mkdir(parents=True, exist_ok=True)


def _foreign(folder: Path) -> Iterator[Path]:
    """Files that no index would leave there, not even one that was killed."""
    return (file for file in folder.iterdir() if not OWN_FILES.fullmatch(file.name))


def _stamp(name: str) -> Stamp:
    try:
        found = os.stat(name)
    except OSError:
        return (-1, -1)  # reading it will tell why
    return found.st_size, found.st_mtime_ns


def _is_under(name: str, paths: list[Any]) -> bool:
    return any(
        name.startswith(os.path.join(os.path.abspath(path), "")) for path in paths
    )
