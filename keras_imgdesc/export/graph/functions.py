"""Trace functions and write them as a SavedModel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Any

import tensorflow as tf

from keras_imgdesc.export.signature import Signature


def traced(signature: Signature) -> Any:
    """Trace a signature and return its concrete function."""
    function = tf.function(
        signature.function, input_signature=list(signature.inputs), autograph=False
    )
    return function.get_concrete_function()


def write_functions(
    path: str | PathLike[str],
    functions: Mapping[str, Any],
    tokenizers: Iterable[Any] = (),
) -> None:
    """Write concrete functions as the signatures of a SavedModel.

    `keras.export.ExportArchive` would trace each of them again, as it stores functions
    that can be traced, not traces.

    Args:
        path: folder to create.
        functions: the concrete functions, by name of the signature.
        tokenizers: tokenizers whose lookup tables the functions use.
    """
    module = tf.Module()
    # Only what is an attribute of the module is saved.
    variables = {
        id(variable): variable
        for function in functions.values()
        for variable in function.variables
    }
    module.tracked_variables = list(variables.values())
    module.tracked_tables = [
        part
        for tokenizer in tokenizers
        for part in tf.train.TrackableView(tokenizer).descendants()
        if isinstance(part, tf.saved_model.experimental.TrackableResource)
    ]
    tf.saved_model.save(module, fspath(path), signatures=dict(functions))
