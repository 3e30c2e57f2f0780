"""Compiling a function of a model's weights, whatever the backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def compile_function(
    model: keras.Model, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Makes a function of tensors fast; weights may change between calls.

    Args:
        model: whose variables the function reads.
        function: positional tensors in, any nesting of tensors out.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)
    if backend == "jax":
        import jax

        # Weights go in as arguments: as constants they would be those of the
        # first call for ever.
        @jax.jit
        def stateless(values: list[Any], *inputs: Any) -> Any:
            mapping = list(zip(model.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return function(*inputs)

        def call(*inputs: Any) -> Any:
            return stateless([v.value for v in model.variables], *inputs)

        return call
    return function
