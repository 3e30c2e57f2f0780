"""The weights of a preset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import CONFIG_FILE, WEIGHTS_FILE
from keras_imgdesc.presets.shared_weights import open_arrays

# Relative rounding error above which an array stays float32. Rounding itself costs
# 2e-4; more means values below float16's range.
_LARGEST_ERROR = 1e-3


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
    """Write arrays by path to an HDF5 file."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)


def read_weights(
    parts: Mapping[str, Any], folder: Path, config: Mapping[str, Any]
) -> None:
    """Fill models and layers with the weights of a preset.

    Args:
        parts: models and layers by name, built.
        folder: the folder of the preset, of any version.
        config: what `read_config` returned for it.

    Raises:
        InputError: the preset holds the weights of other models, or shares weights
            with a preset that is not there or has other weights than it had.
    """
    variables = _variables(parts)
    path = folder / WEIGHTS_FILE
    with open_arrays(folder, config) as (own, shared):
        arrays = shared | own
        missing, unknown = set(variables) - set(arrays), set(own) - set(variables)
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
            array = arrays[name][()]
            if tuple(array.shape) != tuple(variable.shape):
                raise InputError(
                    f"A weight must have the shape that follows from {CONFIG_FILE}",
                    "Copy the two files again, from one preset",
                    file=path,
                    weight=name,
                    shape=tuple(array.shape),
                    expected=tuple(variable.shape),
                )
            variable.assign(array.astype("float32"))


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
