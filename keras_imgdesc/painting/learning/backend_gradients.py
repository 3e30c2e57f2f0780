"""Gradients, which `keras.ops` does not have, on TensorFlow and on JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError

BACKENDS = ("tensorflow", "jax")

# A loss and whatever else is wanted, given what leaves operations out of the gradient.
Loss = Callable[[Callable[[], AbstractContextManager[Any]]], tuple[Any, Any]]


def require_gradients() -> None:
    """Refuses to train on a backend other than TensorFlow and JAX.

    Raises:
        InputError: Keras runs on another.
    """
    if keras.backend.backend() not in BACKENDS:
        raise InputError(
            f"Generators are trained on one of {BACKENDS}",
            "Set KERAS_BACKEND=tensorflow; painting works on every backend",
            backend=keras.backend.backend(),
        )


def require_tensorflow() -> None:
    """Refuses what Keras' own training loop does not do on another backend.

    Raises:
        InputError: Keras runs on another.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "fit trains generators on TensorFlow",
            "Set KERAS_BACKEND=tensorflow, or use train_painter",
            backend=keras.backend.backend(),
        )


def loss_gradients(
    loss: Loss, trained: Sequence[Any], state: Sequence[Any]
) -> tuple[tuple[Any, Any], list[Any]]:
    """A loss and its gradients.

    Args:
        loss: called once, with a function to a context in which nothing counts for the
            gradients. May change variables.
        trained: variables.
        state: all variables that the loss reads or changes.

    Returns:
        What `loss` returned, and the gradients, in the order of `trained`.
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
    """Gradients of the sum of what a function returns with respect to its inputs."""
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
    """Moves the weights of one model a little towards those of another."""
    for kept, weight in zip(average.weights, model.weights, strict=True):
        kept.assign(kept + (1.0 - decay) * (weight - kept))


class StatelessStep:
    """A training step on JAX: values of variables in, values out, compiled.

    Args:
        step: data to logs; changes variables of `state` and no others.
        state: those variables.
    """

    def __init__(self, step: Callable[[Any], Any], state: Sequence[Any]) -> None:
        import jax

        self.state = list(state)

        def pure(values: list[Any], data: Any) -> tuple[list[Any], Any]:
            pairs = list(zip(self.state, values, strict=True))
            with keras.StatelessScope(state_mapping=pairs) as scope:
                logs = step(data)
            return [scope.get_current_value(variable) for variable in self.state], logs

        # The old values are not needed again, and a GPU may not hold both.
        self.pure = jax.jit(pure, donate_argnums=0)

    def __call__(self, data: Any) -> Any:
        """One step; changes the variables."""
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
        # Only the innermost scope is asked for values: all must be in it.
        pairs = [*now, *zip(trained, values, strict=True)]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            value, more = loss(nullcontext)
        return value, (more, [scope.get_current_value(variable) for variable in others])

    values = [variable.value for variable in trained]
    (value, (more, changed)), gradients = jax.value_and_grad(pure, has_aux=True)(values)
    for variable, new in zip(others, changed, strict=True):
        variable.assign(new)
    return (value, more), gradients
