"""Importing the package with all that it uses, so that forks need no imports.

Import this module before NumPy and TensorFlow, which read the variables that it sets.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What the package imports when it is first used.
LATE = ("matplotlib.pyplot", "sacrebleu", "scipy.special", "tensorboard.summary")
# Scripts, and modules that need packages which not everyone has.
OTHERS = (".runners.", "__main__", ".serving", "jax")
# One thread each, as cases run side by side; in one thread, sums are always added in
# the same order.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "GRPC_VERBOSITY": "ERROR",
    # Compiling a toy takes longer than running it.
    "XLA_FLAGS": "--xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true",
}
os.environ.update(ENVIRONMENT)


def warm_up() -> None:
    """Import the package with all its modules, and check that a fork is sound.

    Raises:
        RuntimeError: an import has started a thread.
    """
    with _silent_stderr():
        _import_all()
    threads = Path("/proc/self/task")
    if threads.is_dir() and len(list(threads.iterdir())) > 1:
        raise RuntimeError("A process with threads cannot be forked safely")


def _import_all() -> None:
    package = importlib.import_module("keras_imgdesc")
    for module in pkgutil.walk_packages(package.__path__, "keras_imgdesc."):
        if not any(part in module.name for part in OTHERS):
            importlib.import_module(module.name)
    for name in LATE:
        importlib.import_module(name)
    importlib.import_module("PIL.Image").init()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what TensorFlow's C++ writes before it reads its log level."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
