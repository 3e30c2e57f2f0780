"""One function of an exported model."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_imgdesc.errors import InputError

# Inputs of a signature by name, one dict per request.
Examples = list[dict[str, np.ndarray]]


@dataclass(frozen=True)
class Signature:
    """One function of an exported model, and a request to try it with.

    Args:
        function: takes tensors in the order of `inputs` and returns a dict of tensors.
        inputs: specifications of the inputs, in order; each has a name.
        example: a value for each input, by name.
        warm_up: whether to write the example as a warm-up request. A server that
            batches requests refuses inputs that do not have one row per output row,
            and would fail to load a model that is warmed up with them.
    """

    function: Callable[..., dict[str, Any]]
    inputs: tuple[tf.TensorSpec, ...]
    example: dict[str, Any]
    warm_up: bool = True


def refuse_settings(task: Any, settings: dict[str, Any]) -> None:
    """Refuse settings that belong to another kind of task.

    Args:
        task: the task to export.
        settings: settings that the task does not have, by name.

    Raises:
        InputError: `settings` is not empty.
    """
    if settings:
        names = ", ".join(settings)
        raise InputError(
            f"{type(task).__name__} has no such setting to fix in the graph",
            f"Omit {names}: it belongs to another kind of task",
            **settings,
        )


def example_jpeg(size: int) -> bytes:
    """Return a JPEG file to try a signature with.

    Args:
        size: side of the square image, in pixels.
    """
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    image = np.stack([np.broadcast_to(ramp, (size, size))] * 3, axis=-1)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG")
    return stream.getvalue()
