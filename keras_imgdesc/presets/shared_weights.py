"""Weights that a preset shares with another preset, which holds them.

The `config.json` of a preset that shares weights has an entry `shared_weights`:

    "preset": "imagenet_efficientnet_lite2",
    "sha256": "34657fcc...",
    "paths": {"image_encoder": "image_encoder", "decoder/concepts/head": "head/head"}

These are the name of the other preset, the checksum of its weights file and, for paths
of this preset, the paths in the other. An array that this preset's weights file lacks
is the other's array at the path that the longest of them gives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.checksums import check_files, sha256
from keras_imgdesc.presets.equal_arrays import match_paths, paths_below
from keras_imgdesc.presets.folders import (
    CONFIG_FILE,
    PRESETS_VARIABLE,
    WEIGHTS_FILE,
    find_preset,
    read_config,
)
from keras_imgdesc.presets.legacy_names import current_path, weights_by_path

SHARED_WEIGHTS = "shared_weights"


def share_weights(
    arrays: Mapping[str, np.ndarray], folder: Path, name: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Find the arrays that another preset holds.

    Args:
        arrays: the arrays of a new preset by path, as they would be stored.
        folder: the folder of the new preset; need not exist.
        name: name of the other preset.

    Returns:
        The entry `shared_weights` of `config.json`, and the arrays that the other
        preset lacks.

    Raises:
        InputError: there is no such preset beside `folder` or elsewhere, it is damaged,
            is the new one itself or shares weights too, or no array is equal.
    """
    source = _source_of_new(folder, name)
    with h5py.File(source / WEIGHTS_FILE, "r") as file:
        theirs = {path: item[()] for path, item in weights_by_path(file).items()}
    paths = match_paths(arrays, theirs)
    places = paths_below(paths, theirs)
    own = {
        path: array
        for path, array in arrays.items()
        if path not in places or not _equal(array, theirs[places[path]])
    }
    if len(own) == len(arrays):
        raise InputError(
            "A preset that shares weights must have an array that is equal in the "
            "other preset; none is",
            "Save it without shared_with, or name the preset whose weights the model "
            "was built with",
            path=folder,
            shared_with=name,
        )
    checksum = sha256(source / WEIGHTS_FILE)
    return {
        "preset": name,
        "sha256": checksum,
        "paths": dict(sorted(paths.items())),
    }, own


@contextmanager
def open_arrays(
    folder: Path, config: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Open the weights of a preset.

    Args:
        folder: the folder of the preset.
        config: what `read_config` returned for it.

    Yields:
        Two dictionaries of `h5py.Dataset` by the path that a weight has today: those
        in the preset's own file, and those that it may share with another preset.

    Raises:
        InputError: the preset shares weights with a preset that is not there or has
            other weights than it had.
    """
    with ExitStack() as files:

        def arrays(path: Path) -> dict[str, Any]:
            return weights_by_path(files.enter_context(h5py.File(path, "r")))

        own = arrays(folder / WEIGHTS_FILE)
        shared = {}
        if SHARED_WEIGHTS in config:
            weights_file, paths = _shared_file(folder, config[SHARED_WEIGHTS])
            theirs = arrays(weights_file)
            places = paths_below(paths, theirs)
            shared = {p: theirs[q] for p, q in places.items() if p not in own}
        yield own, shared


def _source_of_new(folder: Path, name: str) -> Path:
    """Return the folder of the preset with which a new one shares; see above."""
    if not _is_name(name):
        raise InputError(
            "shared_with must be the name of a preset, not a path",
            "Save the new preset beside the other one, or add the folder that "
            f"the other is in to {PRESETS_VARIABLE}",
            shared_with=name,
        )
    try:
        source = _find(name, folder)
    except InputError as error:
        raise InputError(
            "shared_with must name a preset that is found beside the new one, or by "
            "its name",
            "Save the new preset beside the other one, or add the folder that "
            f"the other is in to {PRESETS_VARIABLE}",
            path=folder,
            shared_with=name,
        ) from error
    same = folder.exists() and source.samefile(folder)
    if same or name == _absolute(folder).name:
        raise InputError(
            "A preset cannot share weights with itself, or one of its own name",
            "Save it without shared_with, or to a folder of another name",
            path=folder,
            shared_with=name,
        )
    config = read_config(source)
    if SHARED_WEIGHTS in config:
        other = _read_entry(source, config[SHARED_WEIGHTS])[0]
        raise InputError(
            "A preset can share weights only with a preset that holds all of its own",
            f"Share with {other!r} instead",
            path=folder,
            shared_with=name,
        )
    check_files(source, config.get("sha256"))
    return source


def _shared_file(folder: Path, entry: Any) -> tuple[Path, dict[str, str]]:
    """Return another preset's weights file, and its paths by this preset's."""
    name, checksum, paths = _read_entry(folder, entry)
    preset = _absolute(folder).name
    rule = f"The preset {preset!r} shares weights with the preset {name!r}, "
    try:
        file = _find(name, folder) / WEIGHTS_FILE
    except InputError as error:
        raise InputError(
            rule + "which must be there too",
            f"Copy {name!r} beside it, or add the folder that {name!r} is in to "
            f"{PRESETS_VARIABLE}",
            preset=folder,
            shared_with=name,
        ) from error
    if not file.is_file() or sha256(file) != checksum:
        raise InputError(
            rule + f"whose {WEIGHTS_FILE} must be the one that it was saved with; this "
            "one is missing, damaged or of another version",
            f"Copy both presets again, {name!r} beside {preset!r}",
            preset=folder,
            file=file,
        )
    return file, paths


def _read_entry(folder: Path, entry: Any) -> tuple[str, str, dict[str, str]]:
    """Return the other preset's name, the checksum and today's paths."""
    try:
        name, checksum, paths = entry["preset"], entry["sha256"], entry["paths"]
        paths = {current_path(path): current_path(paths[path]) for path in paths}
        if not _is_name(name):
            raise ValueError("not a name of a preset")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{SHARED_WEIGHTS} in {CONFIG_FILE} must have the preset, sha256 and paths",
            "Copy the preset again",
            file=folder / CONFIG_FILE,
        ) from None
    return name, checksum, paths


def _find(name: str, folder: Path) -> Path:
    """Return the folder of the preset `name`: beside `folder` if it is there."""
    beside = _absolute(folder).parent / name
    return beside if (beside / CONFIG_FILE).is_file() else find_preset(name)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name == Path(name).name not in ("", "..")


def _absolute(folder: Path) -> Path:
    # Not resolved: a link counts where it stands.
    return Path(os.path.abspath(folder))


def _equal(array: np.ndarray, other: np.ndarray) -> bool:
    return array.dtype == other.dtype and np.array_equal(array, other)
