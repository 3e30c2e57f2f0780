"""The weights file of a preset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import CONFIG_FILE, WEIGHTS_FILE
from keras_imgdesc.presets.legacy_names import weights_by_path

# Relative rounding error above which an array stays float32. Rounding itself costs
# 2e-4; more means values below float16's range.
_LARGEST_ERROR = 1e-3


def write_weights(parts: Mapping[str, Any], path: Path) -> None:
    """Write the weights of models and layers.

    Args:
        parts: models and layers by name.
        path: the HDF5 file.

    Raises:
        InputError: a weight is not finite, or two have the same path.
    """
    with h5py.File(path, "w") as file:
        for name, variable in _variables(parts).items():
            value = ops.cast(ops.convert_to_tensor(variable), "float32")
            array = ops.convert_to_numpy(value)
            if not np.isfinite(array).all():
                raise InputError(
                    "Weights must be finite to be saved",
                    "Training has diverged: lower the learning rate and train again",
                    weight=name,
                )
            file.create_dataset(name, data=_compact(array))


def read_weights(parts: Mapping[str, Any], path: Path) -> None:
    """Fill models and layers from a file of `write_weights`.

    Args:
        parts: models and layers by name, built.
        path: the HDF5 file, of any version.

    Raises:
        InputError: the file holds the weights of other models.
    """
    variables = _variables(parts)
    with h5py.File(path, "r") as file:
        arrays = weights_by_path(file)
        if set(arrays) != set(variables):
            raise InputError(
                f"{WEIGHTS_FILE} must hold exactly the weights of the model in "
                f"{CONFIG_FILE}",
                "Copy the two files again, from one preset",
                file=path,
                missing=sorted(set(variables) - set(arrays))[:3],
                unknown=sorted(set(arrays) - set(variables))[:3],
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
