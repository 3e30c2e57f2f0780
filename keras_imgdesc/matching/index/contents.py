"""Which pictures a search index has."""

from __future__ import annotations

from collections.abc import KeysView
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.matching.index.files import ShardPictures, Stamp, read_pictures


class IndexContents:
    """The pictures of all shards; what a later one says of a picture counts.

    Args:
        path: the index's folder.
        manifest: of the index.

    Attributes:
        failed: pictures that cannot be read, and why.

    Raises:
        InputError: a file is missing or damaged.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.failed: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._rows: list[list[str]] = []
        for entry in manifest["shards"]:
            self.add(entry, read_pictures(path, entry))

    def add(self, entry: dict[str, Any], pictures: ShardPictures) -> None:
        """Takes in another shard."""
        shard = len(self._rows)
        self._rows.append(list(pictures.indexed))
        for name in pictures.removed:
            self._stamps.pop(name, None)
        for name in (*pictures.removed, *pictures.failed):
            self._places.pop(name, None)
        for name in (*pictures.removed, *pictures.indexed) if self.failed else ():
            self.failed.pop(name, None)
        for row, (name, stamp) in enumerate(pictures.indexed.items()):
            self._places[name] = (shard, row)
            self._stamps[name] = stamp
        for name, (stamp, why) in pictures.failed.items():
            self._stamps[name] = stamp
            self.failed[name] = why

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @property
    def names(self) -> KeysView[str]:
        """All pictures that were looked at and are there, failed ones too."""
        return self._stamps.keys()

    def stamp_of(self, name: str) -> Stamp | None:
        """Size and time of a picture's file when it was looked at."""
        return self._stamps.get(name)

    def name_of(self, shard: int, row: int) -> str:
        """The picture that a vector is of."""
        return self._rows[shard][row]

    def outdated(self) -> list[np.ndarray]:
        """Rows of each shard that no longer count, int64."""
        counts = [np.ones(len(rows), np.bool_) for rows in self._rows]
        for shard, row in self._places.values():
            counts[shard][row] = False
        return [np.flatnonzero(c) for c in counts]
