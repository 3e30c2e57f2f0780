"""The images that a search index contains."""

from __future__ import annotations

import gc
from collections.abc import KeysView
from pathlib import Path

import numpy as np

from keras_imgdesc.matching.index.files import (
    Manifest,
    Shard,
    ShardImages,
    Stamp,
    read_images,
)


class IndexContents:
    """The images of all shards; for each image, the last shard that names it counts.

    Args:
        path: folder of the index.
        manifest: manifest of the index.

    Attributes:
        failed: images that cannot be read, with the reason.

    Raises:
        InputError: a file is missing or damaged.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.failed: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._rows: list[list[str]] = []
        was_enabled = gc.isenabled()
        # A million images are many objects and no garbage; looking for it in all of
        # them again and again takes half of the time.
        gc.disable()
        try:
            for entry in manifest["shards"]:
                self.add(entry, read_images(path, entry))
        finally:
            if was_enabled:
                gc.enable()

    def add(self, entry: Shard, images: ShardImages) -> None:
        """Add a shard."""
        shard = len(self._rows)
        self._rows.append(list(images.indexed))
        for name in images.removed:
            self._stamps.pop(name, None)
        for name in (*images.removed, *images.failed):
            self._places.pop(name, None)
        for name in (*images.removed, *images.indexed) if self.failed else ():
            self.failed.pop(name, None)
        for row, (name, stamp) in enumerate(images.indexed.items()):
            self._places[name] = (shard, row)
            self._stamps[name] = stamp
        for name, (stamp, why) in images.failed.items():
            self._stamps[name] = stamp
            self.failed[name] = why

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @property
    def names(self) -> KeysView[str]:
        """All images that the index has tried to read, failed ones included."""
        return self._stamps.keys()

    def stamp_of(self, name: str) -> Stamp | None:
        """Return size and time of an image's file when it was read; None if never."""
        return self._stamps.get(name)

    def place_of(self, name: str) -> tuple[int, int]:
        """Return the shard and the row of an image's vector."""
        return self._places[name]

    def name_of(self, shard: int, row: int) -> str:
        """Return the path of the image of a vector."""
        return self._rows[shard][row]

    def outdated(self) -> list[np.ndarray]:
        """Return the rows of each shard that no longer count, int64."""
        is_outdated = [np.ones(len(rows), np.bool_) for rows in self._rows]
        for shard, row in self._places.values():
            is_outdated[shard][row] = False
        return [np.flatnonzero(rows) for rows in is_outdated]
