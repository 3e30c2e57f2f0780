"""The weights of a preset."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import CONFIG_FILE, WEIGHTS_FILE
from keras_imgdesc.presets.stored_arrays import StoredArray

# Relative rounding error above which an array stays float32. Rounding itself costs
# 2e-4; more means values below float16's range.
_LARGEST_ERROR = 1e-3

# Lossless, and about a tenth smaller: the high bytes of float16 weights, which
# shuffling brings together, are alike.
_COMPRESSION = {"compression": "gzip", "compression_opts": 6, "shuffle": True}
# Number of values below which a compressed array would not be smaller.
_LEAST_COMPRESSED = 1024


def stored_weights(parts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the weights of models and layers by path, as a preset stores them.

    Args:
        parts: models and layers by name.

    Raises:
        InputError: a weight is not finite, or two have the same path.
    """
    arrays = {}
    for name, variable in _variables(parts).items():
        value = ops.cast(ops.convert_to_tensor(variable), "float32")
        array = ops.convert_to_numpy(value)
        if not np.isfinite(array).all():
            raise InputError(
                "Weights must be finite to be saved",
                "Training has diverged: lower the learning rate and train again",
                weight=name,
            )
        arrays[name] = _compact(array)
    return arrays


def write_weights(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Write arrays by path to an HDF5 file, compressed without loss."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            options = _COMPRESSION if array.size >= _LEAST_COMPRESSED else {}
            file.create_dataset(name, data=array, **options)


def set_weights(
    parts: Mapping[str, Any],
    arrays: Mapping[str, StoredArray],
    own: Set[str],
    path: Path,
    set_first_value: Callable[[Any, Callable[[], np.ndarray]], None],
) -> None:
    """Create the weights of models and layers from the arrays of a preset.

    Args:
        parts: models and layers by name, built within `deferred_variables`, which has
            not ended; the arrays are read when it does.
        arrays: stored arrays by the path of the weight.
        own: paths in the preset's own file, each of which must be the path of a weight.
        path: the preset's own file, for error messages.
        set_first_value: what `deferred_variables` yielded.

    Raises:
        InputError: the arrays are those of other models.
    """
    variables = _variables(parts)
    missing, unknown = set(variables) - set(arrays), own - set(variables)
    if missing or unknown:
        raise InputError(
            f"{WEIGHTS_FILE} must hold exactly the weights of the model in "
            f"{CONFIG_FILE}",
            "Copy the two files again, from one preset",
            file=path,
            missing=sorted(missing)[:3],
            unknown=sorted(unknown)[:3],
        )
    for name, variable in variables.items():
        array = arrays[name]
        if tuple(array.shape) != tuple(variable.shape):
            raise InputError(
                f"A weight must have the shape that follows from {CONFIG_FILE}",
                "Copy the two files again, from one preset",
                file=path,
                weight=name,
                shape=tuple(array.shape),
                expected=tuple(variable.shape),
            )
        set_first_value(variable, functools.partial(_read, array))


def _read(array: StoredArray) -> np.ndarray:
    return array.read().astype("float32")


def _variables(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return variables by the name of the part and their path in it."""
    named: dict[str, Any] = {}
    for part, model in parts.items():
        for variable in model.weights:
            path = f"{part}/{variable.path}"
            if path in named:
                raise InputError(
                    "Each weight must have a unique path",
                    "Give each layer a unique name",
                    path=path,
                )
            named[path] = variable
    return named


def _compact(array: np.ndarray) -> np.ndarray:
    """Return the array in float16 unless that loses too much."""
    with np.errstate(over="ignore"):
        small = array.astype(np.float16)
    error = np.linalg.norm(array - small.astype(np.float32))
    # An overflow makes the error infinite.
    return small if error <= _LARGEST_ERROR * np.linalg.norm(array) else array
