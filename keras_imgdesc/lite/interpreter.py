"""LiteRT's interpreter of a `.tflite` file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def open_interpreter(path: str, num_threads: int | None) -> Any:
    """Open a file in LiteRT's interpreter and prepare its signatures.

    Args:
        path: the `.tflite` file.
        num_threads: number of threads; None lets LiteRT choose.

    Raises:
        ImportError: `ai-edge-litert` is not installed.
        RuntimeError, ValueError: LiteRT cannot read the file.
    """
    from ai_edge_litert.interpreter import Interpreter

    with _without_information():
        interpreter = Interpreter(model_path=path, num_threads=num_threads)
        # Otherwise the first call would prepare them, and print.
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def _without_information() -> Iterator[None]:
    """Drop the lines that LiteRT prints on the standard error as information.

    All other lines are printed when the block ends.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a process without a standard error
        yield
        return
    read_end, write_end = os.pipe()
    # Nobody reads until the block ends: what does not fit into the pipe is dropped.
    os.set_blocking(write_end, False)
    try:
        os.dup2(write_end, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(write_end)
            with open(read_end, "rb") as printed:
                lines = printed.read().splitlines(keepends=True)
            for line in lines:
                if not line.startswith(b"INFO: "):
                    os.write(2, line)
    finally:
        os.close(kept)
