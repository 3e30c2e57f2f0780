"""The state of a run: variables and random layers."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.errors import InputError

# Kinds of NumPy's dtypes by a part of the name of Keras' own.
_KINDS = {"float": "f", "int": "iu", "bool": "b"}


def restore(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Assign arrays to variables of the same names.

    Raises:
        InputError: a variable has no array, or one of another shape or kind of number.
    """
    missing = sorted(set(variables) - set(arrays))
    if missing:
        raise InputError(
            "A checkpoint must hold every variable of the model",
            "Train into a new run directory",
            missing=missing,
        )
    for name, variable in variables.items():
        dtype = keras.backend.standardize_dtype(variable.dtype)
        found = arrays[name]
        kinds = next(k for part, k in _KINDS.items() if part in dtype)
        if tuple(variable.shape) != found.shape or found.dtype.kind not in kinds:
            raise InputError(
                "The variables of a checkpoint must have the shapes of the model's, "
                "and values of the same kind",
                "Restore the data and presets that the run was started with, or train "
                "into a new run directory",
                variable=getattr(variable, "path", name),
                checkpoint=(found.shape, str(found.dtype)),
                model=(tuple(variable.shape), dtype),
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
