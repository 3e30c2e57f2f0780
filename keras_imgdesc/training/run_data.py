"""The data that a run was begun with."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import read_json
from keras_imgdesc.stored_names import path_inside

DATA_FILE = "data.json"

# The digests of three million images.
_MOST_BYTES = 256 << 20
# Names of images in an error.
_NAMED = 2


class RunData:
    """Digests of a run's data, so that it is resumed with the same data.

    The ids of the images are kept in order, with a digest of each image's captions and
    its label. A run resumed with the same images in another order gets them in the
    order in which it was begun. A run of an earlier version has no digests: it adopts
    the data that it is resumed with.

    Args:
        path: the run directory.
        is_begun: whether the run has committed an epoch. Before that, the data may
            change.

    Raises:
        InputError: the file of digests is damaged.

    Example:
    >>> import tempfile
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.training.run_data import RunData
    >>> scenes = draw_scenes("test", 3)
    >>> folder = tempfile.mkdtemp()
    >>> found = RunData(folder, is_begun=False).match(train=scenes)["train"]
    >>> backwards = CaptionCollection(scenes.examples[::-1])
    >>> found = RunData(folder, is_begun=True).match(train=backwards)["train"]
    >>> [e.image_id for e in found] == [e.image_id for e in scenes]
    True
    """

    def __init__(self, path: str | Path, *, is_begun: bool) -> None:
        self.path, self.is_begun = Path(path), is_begun
        self._held: dict[str, Any] = _read(self.path / DATA_FILE)

    def match(
        self, *, label: str | None = None, **collections: CaptionCollection
    ) -> dict[str, CaptionCollection]:
        """Compare collections with those that the run was begun with.

        Args:
            label: key of `CaptionedImage.extra` that also has to be the same.
            **collections: images with captions, by name.

        Returns:
            The collections, in the order in which the run was begun.

        Raises:
            InputError: the run has committed an epoch with other images, captions or
                labels.
        """
        records = {n: _record(c, label) for n, c in collections.items()}
        changes: dict[str, str] = {}
        for name, record in records.items():
            changes |= _changes(name, self._collection(name, record), record)
        self._refuse(changes)
        found = {}
        for name, collection in collections.items():
            held = self._collection(name, {})
            if held.keys() == records[name].keys():
                by_key = dict(zip(_keys(collection), collection, strict=True))
                collection = CaptionCollection(
                    [by_key[key] for key in held], collection.problems
                )
                records[name] = {key: records[name][key] for key in held}
            found[name] = collection
        self._keep(records)
        return found

    def match_words(self, **words: Iterable[str]) -> None:
        """Compare lists of words, such as a vocabulary, whose order counts.

        Raises:
            InputError: the run has committed an epoch with other words.
        """
        digests = {name: _digest(list(values)) for name, values in words.items()}
        self._refuse(
            {
                name: "not the same"
                for name, digest in digests.items()
                if self._held.get(name, digest) != digest
            }
        )
        self._keep(digests)

    def _collection(self, name: str, default: dict[str, Any]) -> dict[str, Any]:
        held = self._held.get(name, default)
        # A list of words may have the name of a collection in a file of another run.
        return held if isinstance(held, dict) else default

    def _refuse(self, changes: Mapping[str, str]) -> None:
        if changes and self.is_begun:
            raise InputError(
                "A run can only be resumed with the data that it was started with",
                "Restore the data, or train into a new run directory",
                run_dir=str(self.path),
                **changes,
            )

    def _keep(self, values: Mapping[str, Any]) -> None:
        if any(self._held.get(name) != value for name, value in values.items()):
            self._held |= values
            # Names of files may have bytes that are not UTF-8; JSON escapes them.
            write_atomically(self.path / DATA_FILE, json.dumps(self._held).encode())


def _record(collection: CaptionCollection, label: str | None) -> dict[str, list[str]]:
    """Return digests of captions and of the label by image."""
    return {
        key: [
            _digest(sorted(example.captions)),
            _digest(str(example.extra.get(label))) if label else "",
        ]
        for key, example in zip(_keys(collection), collection, strict=True)
    }


def _keys(collection: Iterable[CaptionedImage]) -> list[str]:
    """Return the ids of images, made different should they not be."""
    found: dict[str, None] = {}
    for example in collection:
        key, number = example.image_id, 2
        while key in found:
            key, number = f"{example.image_id} ({number})", number + 1
        found[key] = None
    return list(found)


def _changes(
    name: str, before: Mapping[str, list[str]], now: Mapping[str, list[str]]
) -> dict[str, str]:
    """Return what has changed in a collection, by a name for the error."""
    both = [key for key in before if key in now]
    groups = {
        "images_added": [key for key in now if key not in before],
        "images_removed": [key for key in before if key not in now],
        "captions_changed": [key for key in both if before[key][0] != now[key][0]],
        "labels_changed": [key for key in both if before[key][1] != now[key][1]],
    }
    found = {}
    for kind, keys in groups.items():
        if keys:
            more = ", ..." if len(keys) > _NAMED else ""
            count = f"{len(keys)} image{'s' if len(keys) > 1 else ''}"
            found[f"{name}_{kind}"] = f"{count}: {', '.join(keys[:_NAMED])}{more}"
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    """Return the digests of collections, and those of lists of words."""
    if not os.path.lexists(path):
        return {}
    remedy = "Restore it, or remove it to resume without comparing the data"
    file = path_inside(path.parent, path.name, remedy=remedy)
    held = read_json(file, dict[str, Any], remedy=remedy, most_bytes=_MOST_BYTES)
    if not all(map(_is_digest, held.values())):
        raise InputError(
            f"{DATA_FILE} must be as the run wrote it", remedy, path=str(path)
        )
    return held


def _is_digest(value: Any) -> bool:
    """Return whether a value is a digest, or has two for each image."""
    if not isinstance(value, dict):
        return isinstance(value, str)
    pairs = list(value.values())
    return all(type(pair) is list and len(pair) == 2 for pair in pairs) and (
        {type(digest) for pair in pairs for digest in pair} <= {str}
    )
