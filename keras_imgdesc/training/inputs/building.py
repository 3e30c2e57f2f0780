"""Errors of Keras and TensorFlow about a setting, as errors of the recipe."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from keras_imgdesc.errors import InputError

_FAULTS = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, TypeError),
    *(ValueError, tf.errors.OpError),
)


@contextmanager
def building(model: str) -> Iterator[None]:
    """Turn an error of building a model into one that names the recipe.

    The values of `encoder_options`, `decoder_options` and the like reach Keras as they
    are, which refuses them each in its own way. Also a decorator.

    Args:
        model: what is built, such as `"captioner"`.

    Raises:
        InputError: the block raised another error of its input, or ran out of memory.
    """
    try:
        yield
    except _FAULTS as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"The settings of a recipe must describe a {model} that can be built",
            "Correct the recipe, in particular the values in its options",
            reason=reason,
        ) from error
