"""The files of a search index.

| file                  | holds |
|-----------------------|-------|
| `manifest.json`       | versions, the matcher, the shards and their checksums |
| `vectors-00000.npy`   | float32 (images, embedding_dim), of unit length |
| `pictures-00000.json` | the images of these vectors; failed and removed images |

A shard never changes. Adding one writes its two files and then, with one rename, a
manifest that names them. A process killed before the rename leaves the index unchanged.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypedDict

import numpy as np

from keras_imgdesc.atomic_files import is_partial, write_atomically
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds, parse_json, read_json
from keras_imgdesc.matching.index.locking import LOCK
from keras_imgdesc.stored_arrays import file_digest, read_array, write_array
from keras_imgdesc.stored_names import path_inside

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
KINDS = ("vectors", "pictures")

_OWN_FILES = re.compile(r"manifest\.json|vectors-\d+\.npy|pictures-\d+\.json|\.lock")

# Bytes of the manifest, and of the list of a shard: a million images that were removed
# are in one list.
_MOST_MANIFEST, _MOST_LIST = 64 << 20, 512 << 20
# Characters of a path.
_LONGEST_PATH = 32_768

_REBUILD = "Remove the folder of the index and index the images again"

# Size in bytes and modification time in nanoseconds; if either differs, the file has
# changed.
Stamp = tuple[int, int]


class Checksums(TypedDict):
    """SHA-256 digests of the files of a shard."""

    vectors: str
    pictures: str


class Shard(TypedDict):
    """The entry of a shard in the manifest."""

    rows: Annotated[int, Bounds(0, 100_000_000)]
    sha256: Checksums
    vectors: str
    pictures: str


class Manifest(TypedDict):
    """The contents of `manifest.json`, without its own checksum."""

    format_version: int
    matcher: str
    preset: str | None
    embedding_dim: Annotated[int, Bounds(1, 65_536)]
    shards: Annotated[list[Shard], Bounds(high=100_000)]


class _Images(TypedDict):
    # Lists of [path, size, time], of [path, size, time, reason], and of paths; their
    # items are checked at once, which is faster.
    indexed: list[Any]
    failed: list[Any]
    removed: list[Any]


@dataclass
class ShardImages:
    """The images of a shard, by path.

    Attributes:
        indexed: images with a vector, in the order of the vectors.
        failed: images that cannot be read, with the reason.
        removed: images that no longer exist.
    """

    indexed: dict[str, Stamp] = field(default_factory=dict)
    failed: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.indexed or self.failed or self.removed)


def new_manifest(matcher: str, embedding_dim: int, preset: str | None) -> Manifest:
    """Return the manifest of an empty index."""
    return {
        "format_version": FORMAT_VERSION,
        "matcher": matcher,
        "preset": preset,
        "embedding_dim": embedding_dim,
        "shards": [],
    }


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest of an index, or None if there is no index.

    Raises:
        InputError: the manifest is damaged, or of another version.
    """
    if not os.path.lexists(path / MANIFEST):
        return None
    file = path_inside(path, MANIFEST, remedy=_REBUILD, error=_damaged)
    found: dict[str, Any] = read_json(
        file,
        dict[str, Any],
        remedy=_REBUILD,
        most_bytes=_MOST_MANIFEST,
        error=_damaged,
    )
    checksum = found.pop("sha256", None)
    version = found.get("format_version")
    if version is not None and version != FORMAT_VERSION:
        raise InputError(
            f"This version of the package reads indexes of format {FORMAT_VERSION}",
            _REBUILD,
            path=path,
            format_version=version,
        )
    if checksum != _digest_of(found):
        raise _damaged("it does not match its checksum", file=file)
    manifest = parse_json(
        json.dumps(found), Manifest, what=MANIFEST, error=_damaged, file=file
    )
    names = [entry[kind] for entry in manifest["shards"] for kind in KINDS]  # type: ignore[literal-required]
    if len(set(names)) != len(names):
        raise _damaged(f"{MANIFEST} must name each file once", file=file)
    return manifest


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write or replace a manifest, with one rename."""
    text = json.dumps({**manifest, "sha256": _digest_of(manifest)}, indent=1)
    write_atomically(path / MANIFEST, text)


def write_shard(
    path: Path, number: int, vectors: np.ndarray, images: ShardImages
) -> Shard:
    """Write the two files of a shard, and return its entry for the manifest.

    If that fails, neither of them remains.

    Args:
        path: folder of the index.
        number: number of the shard, from 0.
        vectors: float (images, embedding_dim), of unit length.
        images: images of the vectors, failed and removed ones.
    """
    names = f"vectors-{number:05d}.npy", f"pictures-{number:05d}.json"
    # A file name may have bytes that are not UTF-8; JSON escapes preserve them.
    text = json.dumps(
        {
            "indexed": [[name, *stamp] for name, stamp in images.indexed.items()],
            "failed": [[n, *stamp, why] for n, (stamp, why) in images.failed.items()],
            "removed": images.removed,
        }
    )
    try:
        write_array(path / names[0], vectors.astype(np.float32))
        write_atomically(path / names[1], text)
        checksums = [file_digest(path / name) for name in names]
    except BaseException:
        for name in names:
            with suppress(OSError):
                (path / name).unlink()
        raise
    return {
        "rows": len(vectors),
        "sha256": {"vectors": checksums[0], "pictures": checksums[1]},
        "vectors": names[0],
        "pictures": names[1],
    }


def read_images(path: Path, entry: Shard) -> ShardImages:
    """Read the images of a shard.

    Raises:
        InputError: the file is missing or damaged.
    """
    file = check_file(path, entry, "pictures")
    found = read_json(
        file, _Images, remedy=_REBUILD, most_bytes=_MOST_LIST, error=_damaged
    )
    indexed, failed, removed = found["indexed"], found["failed"], found["removed"]
    is_right = (
        _are_records(indexed, (str, int, int))
        and _are_records(failed, (str, int, int, str))
        and set(map(type, removed)) <= {str}
    )
    if not is_right:
        raise _damaged("it must hold lists of images", file=file)
    images = ShardImages(
        {name: (size, time) for name, size, time in indexed},
        {name: ((size, time), why) for name, size, time, why in failed},
        removed,
    )
    if not len(images.indexed) == len(indexed) == entry["rows"]:
        raise _damaged("it must have one image for each vector", file=file)
    for paths in (images.indexed, images.failed, removed):
        longest = max(map(len, paths), default=0)
        if longest > _LONGEST_PATH or "\0" in "".join(paths):
            raise _damaged("it must hold paths of images", file=file)
    return images


def read_vectors(path: Path, entry: Shard, embedding_dim: int) -> np.ndarray:
    """Return the vectors of a shard, float32 (rows, embedding_dim), memory-mapped.

    Raises:
        InputError: the file is missing, or holds something else.
    """
    return read_array(
        path_inside(path, entry["vectors"], remedy=_REBUILD, error=_damaged),
        np.float32,
        (entry["rows"], embedding_dim),
        memory_mapped=True,
        error=_damaged,
    )


def check_file(path: Path, entry: Shard, kind: str) -> Path:
    """Return a file of a shard, and refuse one that does not match its checksum.

    Args:
        path: folder of the index.
        entry: the shard.
        kind: one of `KINDS`.

    Raises:
        InputError: the file is missing or damaged, or lies elsewhere.
    """
    name, checksum = entry[kind], entry["sha256"][kind]  # type: ignore[literal-required]
    file = path_inside(path, name, remedy=_REBUILD, error=_damaged)
    if file_digest(file, _damaged) != checksum:
        raise _damaged("it does not match its checksum", file=file)
    return file


def is_gone(name: str) -> bool:
    """Return whether there is no file of this name; one that is refused is not gone."""
    try:
        os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    except ValueError:  # not a name of a file
        return True
    return False


def is_foreign(file: Path) -> bool:
    """Return whether a file does not belong to an index, finished or not."""
    return not (is_partial(file) or _OWN_FILES.fullmatch(file.name))


def remove_unfinished(path: Path) -> None:
    """Remove the files of an index that has no manifest, its lock last."""
    if os.path.lexists(path / MANIFEST):
        return
    for file in sorted(path.iterdir(), key=lambda file: file.name == LOCK):
        if not is_foreign(file) and not is_partial(file):
            with suppress(OSError):
                file.unlink()


def _are_records(values: list[Any], kinds: tuple[type, ...]) -> bool:
    """Return whether values are lists of values of some types."""
    if not values:
        return True
    if set(map(type, values)) != {list} or set(map(len, values)) != {len(kinds)}:
        return False
    columns = zip(*values, strict=True)
    return all(set(map(type, c)) == {k} for c, k in zip(columns, kinds, strict=True))


def _damaged(rule: str, remedy: str = _REBUILD, **received: object) -> InputError:
    return InputError(
        f"A file of the index is missing or damaged: {rule}", _REBUILD, **received
    )


def _digest_of(manifest: Any) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
