"""LiteRT's interpreter."""

from __future__ import annotations

from os import PathLike
from typing import Any

from keras_imgdesc.errors import InputError


def open_interpreter(path: str | PathLike[str], num_threads: int | None) -> Any:
    """Opens a `.tflite` file.

    Args:
        path: the file.
        num_threads: None lets LiteRT choose.

    Raises:
        InputError: `ai-edge-litert` is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError(
            "A .tflite file runs in ai-edge-litert",
            "Install it with `pip install ai-edge-litert`",
            path=path,
        ) from None
    return Interpreter(model_path=str(path), num_threads=num_threads)
