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

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.checksums import check_files, is_too_large, sha256
from keras_imgdesc.presets.equal_arrays import match_paths, paths_below
from keras_imgdesc.presets.folders import (
    CONFIG_FILE,
    PRESETS_VARIABLE,
    WEIGHTS_FILE,
    PresetConfig,
    SharedWeights,
    find_preset,
    is_preset_name,
    path_in_preset,
    read_config,
)
from keras_imgdesc.presets.legacy_names import current_path
from keras_imgdesc.presets.stored_arrays import StoredArray, open_arrays_of

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
    with open_arrays_of(path_in_preset(source, WEIGHTS_FILE)) as stored:
        theirs = {current_path(path): item.read() for path, item in stored.items()}
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
    folder: Path, config: PresetConfig
) -> Iterator[tuple[dict[str, StoredArray], dict[str, StoredArray]]]:
    """Open the weights of a preset.

    Args:
        folder: the folder of the preset.
        config: what `read_config` returned for it.

    Yields:
        Two dictionaries of `StoredArray` by the path that a weight has today: those
        in the preset's own file, and those that it may share with another preset.

    Raises:
        InputError: a file of weights is damaged or has values in other files, or the
            preset shares weights with a preset that is not there or has other weights
            than it had.
    """
    with ExitStack() as files:

        def arrays(path: Path) -> dict[str, StoredArray]:
            stored = files.enter_context(open_arrays_of(path))
            return {current_path(name): array for name, array in stored.items()}

        own = arrays(path_in_preset(folder, WEIGHTS_FILE))
        shared = {}
        if (entry := config.get("shared_weights")) is not None:
            weights_file, paths = _shared_file(folder, entry)
            theirs = arrays(weights_file)
            places = paths_below(paths, theirs)
            shared = {p: theirs[q] for p, q in places.items() if p not in own}
        yield own, shared


def _source_of_new(folder: Path, name: str) -> Path:
    """Return the folder of the preset with which a new one shares; see above."""
    if not is_preset_name(name):
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
    if (entry := config.get("shared_weights")) is not None:
        other = _read_entry(source, entry)[0]
        raise InputError(
            "A preset can share weights only with a preset that holds all of its own",
            f"Share with {other!r} instead",
            path=folder,
            shared_with=name,
        )
    check_files(source, config.get("sha256"))
    return source


def _shared_file(folder: Path, entry: SharedWeights) -> tuple[Path, dict[str, str]]:
    """Return another preset's weights file, and its paths by this preset's."""
    name, checksum, paths = _read_entry(folder, entry)
    preset = _absolute(folder).name
    rule = f"The preset {preset!r} shares weights with the preset {name!r}, "
    try:
        file = path_in_preset(_find(name, folder), WEIGHTS_FILE)
    except InputError as error:
        raise InputError(
            rule + "which must be there too",
            f"Copy {name!r} beside it, or add the folder that {name!r} is in to "
            f"{PRESETS_VARIABLE}",
            preset=folder,
            shared_with=name,
        ) from error
    if not file.is_file() or is_too_large(file) or sha256(file) != checksum:
        raise InputError(
            rule + f"whose {WEIGHTS_FILE} must be the one that it was saved with; this "
            "one is missing, damaged or of another version",
            f"Copy both presets again, {name!r} beside {preset!r}",
            preset=folder,
            file=file,
        )
    return file, paths


def _read_entry(folder: Path, entry: SharedWeights) -> tuple[str, str, dict[str, str]]:
    """Return the other preset's name, the checksum and today's paths."""
    name, checksum, paths = entry["preset"], entry["sha256"], entry["paths"]
    if not is_preset_name(name):
        raise InputError(
            f"{CONFIG_FILE} must have the name of a preset at `shared_weights.preset`",
            "Copy the preset again",
            file=folder / CONFIG_FILE,
            preset=name,
        )
    return name, checksum, {current_path(p): current_path(paths[p]) for p in paths}


def _find(name: str, folder: Path) -> Path:
    """Return the folder of the preset `name`: beside `folder` if it is there."""
    beside = _absolute(folder).parent / name
    return beside if (beside / CONFIG_FILE).is_file() else find_preset(name)


def _absolute(folder: Path) -> Path:
    # Not resolved: a link counts where it stands.
    return Path(os.path.abspath(folder))


def _equal(array: np.ndarray, other: np.ndarray) -> bool:
    return array.dtype == other.dtype and np.array_equal(array, other)
