"""The manifest of a feature cache, and which images its shards hold."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds, read_json
from keras_imgdesc.stored_names import path_inside

MANIFEST = "manifest.json"
# The ids and stamps of three million images.
_MOST_BYTES = 512 << 20
AGAIN = "Delete the folder of the cache and extract the features again"


class Shard(TypedDict):
    """The entry of a shard: lists of texts, which are checked at once."""

    file: str
    sha256: str
    image_ids: list[Any]
    stamps: NotRequired[list[Any]]


class Manifest(TypedDict):
    """The contents of `manifest.json`."""

    encoder: str
    feature_map_shape: Annotated[list[Annotated[int, Bounds(1, 1 << 24)]], Bounds(1, 8)]
    pictures: str
    shard_size: Annotated[int, Bounds(1)]
    shards: list[Shard]
    failed: dict[str, str]
    complete: bool


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest of a cache, or None if there is none.

    Raises:
        InputError: the manifest is damaged.
    """
    if not os.path.lexists(path / MANIFEST):
        return None
    file = path_inside(path, MANIFEST, remedy=AGAIN, error=damaged)
    manifest = read_json(file, Manifest, remedy=AGAIN, most_bytes=_MOST_BYTES)
    for shard in manifest["shards"]:
        for texts in (shard["image_ids"], shard.get("stamps", [])):
            if not set(map(type, texts)) <= {str}:
                raise damaged("it must hold lists of texts", file=file)
    return manifest


def check_shards(
    path: Path, manifest: Manifest, parts: Sequence[slice], image_ids: Sequence[str]
) -> None:
    """Refuse shards that are not those of the images."""
    shards = manifest["shards"]
    is_right = len(shards) <= len(parts) and all(
        _is_of(shard, image_ids[part], manifest["failed"])
        for shard, part in zip(shards, parts, strict=False)
    )
    if not is_right:
        raise damaged("its shards must be those of the images", file=path / MANIFEST)


def _is_of(shard: Shard, names: Sequence[str], failed: dict[str, str]) -> bool:
    """Return whether a shard has all images but those that failed, in their order."""
    held = set(shard["image_ids"])
    return (
        shard["image_ids"] == [name for name in names if name in held]
        and set(names) - held <= failed.keys()
        and len(shard.get("stamps", [])) == len(names)
    )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write or replace the manifest of a cache, with one rename."""
    write_atomically(path / MANIFEST, json.dumps(manifest, indent=1))


def damaged(rule: str, _remedy: str = "", **received: object) -> InputError:
    """Return the error of a file of a cache, whose remedy is always the same."""
    return InputError(
        f"A file of a feature cache is missing or damaged: {rule}", AGAIN, **received
    )
