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

_REBUILD = "Remove the folder of the index and index the images again"

# Size in bytes and modification time in nanoseconds; if either differs, the file has
# changed.
Stamp = tuple[int, int]


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


def new_manifest(matcher: str, embedding_dim: int, preset: str | None) -> dict:
    """Return the manifest of an empty index."""
    return {
        "format_version": FORMAT_VERSION,
        "matcher": matcher,
        "preset": preset,
        "embedding_dim": embedding_dim,
        "shards": [],
    }


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Return the manifest of an index, or None if there is no index.

    Raises:
        InputError: the manifest is damaged, or of another version.
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
            f"This version of the package reads indexes of format {FORMAT_VERSION}",
            _REBUILD,
            path=path,
            format_version=version,
        )
    if checksum != _digest_of(manifest):
        raise _damaged(file)
    return manifest


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Write or replace a manifest, with one rename."""
    text = json.dumps(manifest | {"sha256": _digest_of(manifest)}, indent=1)
    write_atomically(path / MANIFEST, text)


def write_shard(
    path: Path, number: int, vectors: np.ndarray, images: ShardImages
) -> dict[str, Any]:
    """Write the two files of a shard, and return its entry for the manifest.

    Args:
        path: folder of the index.
        number: number of the shard, from 0.
        vectors: float (images, embedding_dim), of unit length.
        images: images of the vectors, failed and removed ones.
    """
    entry: dict[str, Any] = {"rows": len(vectors), "sha256": {}}
    entry["vectors"] = f"vectors-{number:05d}.npy"
    entry["pictures"] = f"pictures-{number:05d}.json"
    with atomic_path(path / entry["vectors"]) as partial:
        np.save(partial, vectors.astype(np.float32), allow_pickle=False)
    # A file name may have bytes that are not UTF-8; JSON escapes preserve them.
    text = json.dumps(
        {
            "indexed": [[name, *stamp] for name, stamp in images.indexed.items()],
            "failed": [[n, *stamp, why] for n, (stamp, why) in images.failed.items()],
            "removed": images.removed,
        }
    )
    write_atomically(path / entry["pictures"], text)
    for kind in ("vectors", "pictures"):
        entry["sha256"][kind] = digest(path / entry[kind])
    return entry


def read_images(path: Path, entry: dict[str, Any]) -> ShardImages:
    """Read the images of a shard.

    Raises:
        InputError: the file is missing or damaged.
    """
    file = path / entry["pictures"]
    check_file(file, entry["sha256"]["pictures"])
    found = json.loads(file.read_bytes())
    return ShardImages(
        {name: (size, time) for name, size, time in found["indexed"]},
        {name: ((size, time), why) for name, size, time, why in found["failed"]},
        found["removed"],
    )


def check_file(file: Path, checksum: str) -> None:
    """Refuse a file that does not match its checksum.

    Raises:
        InputError: the file is missing or damaged.
    """
    if not file.is_file() or digest(file) != checksum:
        raise _damaged(file)


def check_matcher(path: Path, manifest: dict[str, Any], matcher: Any) -> None:
    """Refuse a matcher other than the one that built the index.

    Raises:
        InputError: the fingerprints differ.
    """
    built, own = manifest["matcher"], matcher.fingerprint()
    if built == own:
        return
    # A digest of LiteRT begins with that of the weights; see `LiteMatcher`.
    if built.partition("-")[0] == own.partition("-")[0]:
        runtime = "LiteRT" if "-" in built else "TensorFlow"
        option = f"--runtime {runtime.lower()}"
        remedy = f"It was built in {runtime}: use {option} and the preset's files then"
    else:
        remedy = f"Use the matcher {manifest['preset'] or 'built in Python'}"
    raise InputError(
        "An index must be used with the matcher that built it",
        f"{remedy}, or remove the folder of the index and index the images again",
        path=path,
        matcher=own,
        index=built,
    )


def is_gone(name: str) -> bool:
    """Return whether there is no file of this name; one that is refused is not gone."""
    try:
        os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def digest(file: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Lock an index for writing; the lock of a killed process is released.

    Raises:
        InputError: another process is writing the index.
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
                "Wait for the other process to finish",
                path=path,
            ) from error
        yield


def _damaged(file: Path) -> InputError:
    return InputError("A file of the index is missing or damaged", _REBUILD, file=file)


def _digest_of(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
