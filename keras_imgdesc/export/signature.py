"""A function that an exported model offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Signature:
    """One function of an exported model, and a request it can be tried with.

    Args:
        function: from tensors, named as `inputs`, to a dict of tensors.
        inputs: what it takes, in order; each has a name.
        example: a value for each input, by name.
    """

    function: Callable[..., dict[str, Any]]
    inputs: tuple[tf.TensorSpec, ...]
    example: dict[str, Any]
