"""Importing TensorFlow and Keras for a command: without messages, in little time."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_imgdesc.errors import check_tensorflow

# TensorFlow and Keras import these wherever they are installed, for plots, wrappers and
# conversions that no command uses. Together they take almost half of the time.
OPTIONAL = ("IPython", "jax", "matplotlib", "scipy", "sklearn")


def start_quietly() -> None:
    """Import TensorFlow and Keras, which then are ready to compute.

    The messages that TensorFlow prints before reading its log level are dropped.
    Packages in `OPTIONAL` are not imported on the way, unless Keras' backend may need
    them; a command may import them later.
    Nothing happens in a process that has TensorFlow already.

    Raises:
        InputError: TensorFlow or Keras is not installed.
    """
    check_tensorflow("This command")
    if "tensorflow" in sys.modules:
        return
    # Another backend may need them: JAX needs SciPy.
    hidden = OPTIONAL if keras_backend() == "tensorflow" else ()
    with _silent_stderr(), without_packages(hidden), without_collections():
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
        keras.ops.convert_to_tensor(0)


def keras_backend() -> str:
    """Return the name of the backend that Keras will choose, without importing it."""
    if "KERAS_BACKEND" in os.environ:
        return os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, TypeError, KeyError):
        return "tensorflow"


@contextmanager
def without_packages(names: Iterable[str]) -> Iterator[None]:
    """Let imports of packages fail within the block, as if they were not installed.

    Args:
        names: top-level packages; those that are imported already stay as they are.
    """
    hidden = [name for name in names if name not in sys.modules]
    # Python's own way to say that there is no such module.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def without_collections() -> Iterator[None]:
    """Keep the garbage collector from searching what is made within the block.

    It finds nothing among the classes and functions of imported modules, and would
    search all of them again and again, also after the block.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what is written to stderr, also by C++."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
