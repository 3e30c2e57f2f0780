"""Moving the entries of a search index after its images were moved."""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.index.files import (
    check_file,
    is_gone,
    read_manifest,
    read_vectors,
)
from keras_imgdesc.matching.index.locking import writing
from keras_imgdesc.matching.index.writing import IndexWriter
from keras_imgdesc.printable import printable

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Relocation:
    """Result of `relocate_index`.

    Attributes:
        moved: number of images that were found in the new place.
        missing: paths in the new place where there is no image; their entries are
            unchanged.
    """

    moved: int
    missing: list[str]


def relocate_index(
    index: str | os.PathLike[str],
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    shard_size: int = 4096,
) -> Relocation:
    """Change the paths of an index after a folder or file was moved or renamed.

    No image is read: the vectors are kept. Images that are in both places are moved,
    too, with a warning. Images that the index could not read are
    left for the next update.

    Args:
        index: folder of the index.
        old: folder or file as it was indexed.
        new: the place where it is now.
        shard_size: images moved at a time; when killed, the others stay as they were.

    Raises:
        InputError: there is no index, it has no images in the old place, or none of
            them is in the new place.
    """
    folder = Path(index)
    if read_manifest(folder) is None:
        raise InputError(
            "There must be an index in the folder", "Check the path", path=folder
        )
    before, after = os.path.abspath(old), os.path.abspath(new)
    if before == after:
        raise InputError("The new place must differ", "Check the paths", new=after)

    @functools.lru_cache(maxsize=8)
    def vectors_of(shard: int) -> np.ndarray:
        entry = writer.manifest["shards"][shard]
        check_file(folder, entry, "vectors")
        return read_vectors(folder, entry, writer.manifest["embedding_dim"])

    with writing(folder):
        manifest = read_manifest(folder)
        assert manifest is not None
        writer = IndexWriter(folder, manifest)
        known = writer.contents
        names = {
            name: after + name[len(before) :]
            for name in known.names
            if name == before or name.startswith(os.path.join(before, ""))
        }
        if not names:
            raise InputError(
                "The index must have images in the old place",
                "Name the folder that was indexed, as the paths of `search` show it",
                old=before,
                for_example=next(iter(known.names), None),
            )
        missing = [name for name, moved in names.items() if is_gone(moved)]
        if len(missing) == len(names):
            raise InputError(
                "The images of the index must be in the new place",
                "Check the new path",
                old=before,
                new=after,
                missing=names[missing[0]],
            )
        stays = set(missing)
        copied = [n for n in names if n not in stays and not is_gone(n)]
        if copied:
            LOGGER.warning(
                "Images that are still in the old place: %d, first %s; the index now "
                "has those of the new place",
                len(copied),
                printable(copied[0]),
            )
        for name, moved in names.items():
            if name in stays:
                continue
            stamp = known.stamp_of(name)
            if stamp is not None and name in known and moved not in known:
                shard, row = known.place_of(name)
                writer.add(moved, stamp, (vectors_of(shard)[row],))
            writer.remove([name])
            if writer.waiting >= shard_size:
                writer.commit()
        writer.commit()
    return Relocation(len(names) - len(missing), [names[name] for name in missing])
