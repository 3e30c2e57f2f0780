"""Graph functions to a SavedModel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Any

import tensorflow as tf

from keras_imgdesc.export.signature import Signature


def traced(signature: Signature) -> Any:
    """The concrete function of a signature."""
    function = tf.function(
        signature.function, input_signature=list(signature.inputs), autograph=False
    )
    return function.get_concrete_function()


def write_functions(
    path: str | PathLike[str],
    functions: Mapping[str, Any],
    tokenizers: Iterable[Any] = (),
) -> None:
    """Writes concrete functions as the signatures of a SavedModel.

    `keras.export.ExportArchive` would trace each of them twice, as it does not hold
    what has been traced, but what can be traced again.

    Args:
        path: of the folder, which is made.
        functions: by name.
        tokenizers: whose lookup tables the functions use.
    """
    module = tf.Module()
    # What is not held by the module is not saved.
    variables = {
        id(variable): variable
        for function in functions.values()
        for variable in function.variables
    }
    module.held_variables = list(variables.values())
    module.held_tables = [
        part
        for tokenizer in tokenizers
        for part in tf.train.TrackableView(tokenizer).descendants()
        if isinstance(part, tf.saved_model.experimental.TrackableResource)
    ]
    tf.saved_model.save(module, fspath(path), signatures=dict(functions))
