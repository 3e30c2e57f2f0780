"""The state of a run: variables and random layers."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError


def restore(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Assign arrays to variables of the same names.

    Raises:
        InputError: a variable has no array, or one of another shape.
    """
    missing = sorted(set(variables) - set(arrays))
    if missing:
        raise InputError(
            "A checkpoint must hold every variable of the model",
            "Train into a new run directory",
            missing=missing,
        )
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise InputError(
                "The variables of a checkpoint must have the shapes of the model's",
                "Restore the data and presets that the run was started with, or train "
                "into a new run directory",
                variable=getattr(variable, "path", name),
                checkpoint=arrays[name].shape,
                model=tuple(variable.shape),
            )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def reseed(model: keras.Model, seed: int) -> None:
    """Restart the random layers of a model, such as dropout, from a seed."""
    for number, layer in enumerate(model._flatten_layers()):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.array([seed, number], "uint32")
            generator.state.assign(ops.cast(state, generator.state.dtype))
