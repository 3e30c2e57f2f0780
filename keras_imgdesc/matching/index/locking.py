"""The lock of a search index: one process at a time writes it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_imgdesc.errors import InputError

LOCK = ".lock"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Lock an index for writing; the lock of a killed process is released.

    Raises:
        InputError: another process is writing the index, or the lock is no file.
    """
    descriptor = _open_lock(path / LOCK)
    try:
        try:
            import fcntl
        except ImportError:  # not on Windows
            pass
        else:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The other process may have removed it together with a new index.
                is_ours = os.path.samestat(os.fstat(descriptor), os.stat(path / LOCK))
            except OSError:
                is_ours = False
            if not is_ours:
                raise InputError(
                    "Only one process at a time may write an index",
                    "Wait for the other process to finish",
                    path=path,
                )
        yield
    finally:
        os.close(descriptor)


def _open_lock(file: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT
    # A link would be followed, and opening a pipe would block.
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    refused = InputError(
        "The lock of an index must be an ordinary file", "Remove it", file=file
    )
    try:
        descriptor = os.open(file, flags, 0o666)
    except OSError:
        if os.path.lexists(file) and not stat.S_ISREG(os.lstat(file).st_mode):
            raise refused from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise refused
    return descriptor
