"""A function that an exported model offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError

# Inputs of a signature, by name, one request after the other.
Examples = list[dict[str, np.ndarray]]


@dataclass(frozen=True)
class Signature:
    """One function of an exported model, and a request it can be tried with.

    Args:
        function: from tensors, named as `inputs`, to a dict of tensors.
        inputs: what it takes, in order; each has a name.
        example: a value for each input, by name.
        warm_up: whether a server may be asked the example before all else. One that
            batches requests refuses inputs without a row for each answer, and would
            not load a model that is warmed up with them.
    """

    function: Callable[..., dict[str, Any]]
    inputs: tuple[tf.TensorSpec, ...]
    example: dict[str, Any]
    warm_up: bool = True


def refuse_settings(task: Any, settings: dict[str, Any]) -> None:
    """Refuses what is to be fixed in the graph of another task.

    Args:
        task: the task.
        settings: those that it has no use for.

    Raises:
        InputError: there are some.
    """
    if settings:
        raise InputError(
            f"{type(task).__name__} has no such setting to fix in the graph",
            "It is for another task: leave it out",
            **settings,
        )
