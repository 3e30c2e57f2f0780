"""The files of a search index.

| file                  | holds |
|-----------------------|-------|
| `manifest.json`       | versions, the matcher, the shards and their checksums |
| `vectors-00000.npy`   | float32 (pictures, embedding_dim), of unit length |
| `pictures-00000.json` | the pictures of these vectors, and what became of others |

A shard is never changed. One is added by writing its two files and then, with one
rename, a manifest that names them: whoever is killed before that leaves the index as it
was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.atomic_files import atomic_path, write_atomically
from keras_imgdesc.errors import InputError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
LOCK = ".lock"

OWN_FILES = re.compile(
    r"(\.partial-.*)?(manifest\.json|vectors-\d+\.npy|pictures-\d+\.json)|\.lock"
)

_AGAIN = "Remove the index's folder and index the pictures again"

# Size in bytes and time of change in nanoseconds; other ones mean another picture.
Stamp = tuple[int, int]


@dataclass
class ShardPictures:
    """What a shard says of pictures, by path.

    Attributes:
        indexed: in the order of the vectors.
        failed: those that cannot be read, and why.
        removed: those that are no longer there.
    """

    indexed: dict[str, Stamp] = field(default_factory=dict)
    failed: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.indexed or self.failed or self.removed)


def new_manifest(matcher: str, embedding_dim: int, preset: str | None) -> dict:
    """The manifest of an index with nothing in it."""
    return {
        "format_version": FORMAT_VERSION,
        "matcher": matcher,
        "preset": preset,
        "embedding_dim": embedding_dim,
        "shards": [],
    }


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of an index; None if there is no index.

    Raises:
        InputError: it is damaged, or of another version.
    """
    file = path / MANIFEST
    if not file.exists():
        return None
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        checksum = manifest.pop("sha256", None)
    except (ValueError, AttributeError):
        manifest, checksum = {}, None
    version = manifest.get("format_version")
    if version is not None and version != FORMAT_VERSION:
        raise InputError(
            f"This version of the package reads indices of format {FORMAT_VERSION}",
            _AGAIN,
            path=path,
            format_version=version,
        )
    if checksum != _digest_of(manifest):
        raise _damaged(file)
    return manifest


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Puts a manifest in place, with one rename."""
    text = json.dumps(manifest | {"sha256": _digest_of(manifest)}, indent=1)
    write_atomically(path / MANIFEST, text)


def write_shard(
    path: Path, number: int, vectors: np.ndarray, pictures: ShardPictures
) -> dict[str, Any]:
    """Writes a shard's two files; returns its entry for the manifest."""
    entry: dict[str, Any] = {"rows": len(vectors), "sha256": {}}
    entry["vectors"] = f"vectors-{number:05d}.npy"
    entry["pictures"] = f"pictures-{number:05d}.json"
    with atomic_path(path / entry["vectors"]) as partial:
        np.save(partial, vectors.astype(np.float32), allow_pickle=False)
    # A file's name may have bytes that are no UTF-8: JSON's escapes keep them.
    text = json.dumps(
        {
            "indexed": [[name, *stamp] for name, stamp in pictures.indexed.items()],
            "failed": [[n, *stamp, why] for n, (stamp, why) in pictures.failed.items()],
            "removed": pictures.removed,
        }
    )
    write_atomically(path / entry["pictures"], text)
    for kind in ("vectors", "pictures"):
        entry["sha256"][kind] = digest(path / entry[kind])
    return entry


def read_pictures(path: Path, entry: dict[str, Any]) -> ShardPictures:
    """What a shard says of pictures.

    Raises:
        InputError: the file is missing or damaged.
    """
    file = path / entry["pictures"]
    check_file(file, entry["sha256"]["pictures"])
    found = json.loads(file.read_bytes())
    return ShardPictures(
        {name: (size, time) for name, size, time in found["indexed"]},
        {name: ((size, time), why) for name, size, time, why in found["failed"]},
        found["removed"],
    )


def check_file(file: Path, checksum: str) -> None:
    """Compares a file with its checksum.

    Raises:
        InputError: it is missing or damaged.
    """
    if not file.is_file() or digest(file) != checksum:
        raise _damaged(file)


def check_matcher(path: Path, manifest: dict[str, Any], matcher: Any) -> None:
    """Compares the matcher with the one of the index.

    Raises:
        InputError: it is another one.
    """
    if manifest["matcher"] != matcher.fingerprint():
        raise InputError(
            "An index is searched with the matcher that it was made with",
            f"Use that one (it was {manifest['preset'] or 'made in Python'}), or "
            "remove the index's folder and index the pictures again",
            path=path,
            matcher=matcher.fingerprint(),
            index=manifest["matcher"],
        )


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Keeps others from writing the same index; a killed process keeps nobody.

    Raises:
        InputError: another process writes it.
    """
    with open(path / LOCK, "wb") as lock:
        try:
            import fcntl
        except ImportError:  # not on Windows
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                "Only one process at a time may write an index",
                "Wait for the other to end",
                path=path,
            ) from error
        yield


def _damaged(file: Path) -> InputError:
    return InputError("A file of the index is missing or damaged", _AGAIN, file=file)


def _digest_of(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
