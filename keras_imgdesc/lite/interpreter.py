"""LiteRT's interpreter of a `.tflite` file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

# The standard error belongs to the process: two threads must not redirect it at once.
_REDIRECTING = threading.Lock()


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

    with _REDIRECTING, _without_information():
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
    # Nobody reads until the block ends: what does not fit into the pipe is dropped. Its
    # end cannot be waited for, since a process that another thread started meanwhile
    # may have inherited it.
    os.set_blocking(write_end, False)
    os.set_blocking(read_end, False)
    try:
        os.dup2(write_end, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(write_end)
            printed = b""
            with suppress(BlockingIOError):
                while part := os.read(read_end, 1 << 16):
                    printed += part
            os.close(read_end)
            for line in printed.splitlines(keepends=True):
                if not line.startswith(b"INFO: "):
                    os.write(2, line)
    finally:
        os.close(kept)
