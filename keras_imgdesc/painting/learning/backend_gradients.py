"""Gradients and training steps, which `keras.ops` lacks, on TensorFlow and JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError

BACKENDS = ("tensorflow", "jax")

# Returns a loss and auxiliary results. Its argument returns a context in which
# operations are excluded from the gradient.
Loss = Callable[[Callable[[], AbstractContextManager[Any]]], tuple[Any, Any]]


def require_gradients() -> None:
    """Check that the backend can train painters.

    Raises:
        InputError: the backend is neither TensorFlow nor JAX.
    """
    if keras.backend.backend() not in BACKENDS:
        raise InputError(
            f"Painters are trained on one of {list(BACKENDS)}",
            "Set KERAS_BACKEND=tensorflow; painting works on every backend",
            backend=keras.backend.backend(),
        )


def require_tensorflow() -> None:
    """Check that `keras.Model.fit` can train painters.

    Raises:
        InputError: the backend is not TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "fit trains painters on TensorFlow only",
            "Set KERAS_BACKEND=tensorflow, or use train_painter",
            backend=keras.backend.backend(),
        )


def loss_gradients(
    loss: Loss, trained: Sequence[Any], state: Sequence[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """Compute a loss and its gradients.

    Args:
        loss: function that is called once and may change variables. Its argument
            returns a context in which operations are excluded from the gradient.
        trained: variables to compute gradients for.
        state: all variables that `loss` reads or changes.

    Returns:
        The result of `loss`, and the gradients in the order of `trained`.
    """
    if keras.backend.backend() == "jax":
        return _jax_gradients(loss, trained, state)
    import tensorflow as tf

    values = [variable.value for variable in trained]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        found = loss(tape.stop_recording)
    return found, tape.gradient(found[0], values)


def input_gradients(function: Callable[..., Any], *inputs: Any) -> Any:
    """Compute the gradients of the sum of a function's result, one per input."""
    if keras.backend.backend() == "jax":
        import jax

        places = tuple(range(len(inputs)))
        return jax.grad(lambda *given: ops.sum(function(*given)), places)(*inputs)
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        found = function(*inputs)
    return tape.gradient(found, inputs)


def move_average(average: keras.Model, model: keras.Model, decay: Any) -> None:
    """Update the moving average of a model's weights.

    Args:
        average: model that holds the average.
        model: model of the same structure.
        decay: weight of the old average, from 0 to 1.
    """
    for kept, weight in zip(average.weights, model.weights, strict=True):
        kept.assign(kept + (1.0 - decay) * (weight - kept))


class StatelessStep:
    """A compiled training step on JAX, a pure function of variables and data.

    Args:
        step: function from data to logs, which changes no variables but `state`.
        state: variables that `step` reads or changes.
    """

    def __init__(self, step: Callable[[Any], Any], state: Sequence[Any]) -> None:
        import jax

        self.state = list(state)

        def pure(values: list[Any], data: Any) -> tuple[list[Any], Any]:
            pairs = list(zip(self.state, values, strict=True))
            with keras.StatelessScope(state_mapping=pairs) as scope:
                logs = step(data)
            return [scope.get_current_value(variable) for variable in self.state], logs

        # Old values are not needed, and a GPU may lack the memory for both.
        self.pure = jax.jit(pure, donate_argnums=0)

    def __call__(self, data: Any) -> Any:
        """Do one training step."""
        values, logs = self.pure([variable.value for variable in self.state], data)
        for variable, value in zip(self.state, values, strict=True):
            variable.assign(value)
        return logs


def _jax_gradients(
    loss: Loss, trained: Sequence[Any], state: Sequence[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    import jax

    own = {id(variable) for variable in trained}
    others = [variable for variable in state if id(variable) not in own]
    now = [(variable, variable.value) for variable in others]

    def pure(values: list[Any]) -> tuple[Any, Any]:
        # Values are looked up in the innermost scope only, so it must have all.
        pairs = [*now, *zip(trained, values, strict=True)]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            value, more = loss(nullcontext)
        return value, (more, [scope.get_current_value(variable) for variable in others])

    values = [variable.value for variable in trained]
    (value, (more, changed)), gradients = jax.value_and_grad(pure, has_aux=True)(values)
    for variable, new in zip(others, changed, strict=True):
        variable.assign(new)
    return (value, more), gradients
