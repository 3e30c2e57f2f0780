"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import tensorflow as tf

from keras_imgdesc.errors import InputError

_numbers = itertools.count()


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A name to write under, which becomes `target` when the block has ended.

    Whatever ends the block early leaves nothing, not even the folders above it that
    were made for it; a process that is killed leaves the hidden name alone, which the
    next one on the same computer removes. Two at once do not share a name.

    Args:
        target: a file or folder that is not there.

    Raises:
        InputError: the place cannot be written to, or has no room.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.export.whole import written_whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder, "deep", "a.txt")) as partial:
    ...         written = partial.write_text("whole")
    ...     print(Path(folder, "deep", "a.txt").read_text())
    whole
    """
    parents = (target.parent, *target.parent.parents)
    missing = [folder for folder in parents if not folder.exists()]
    begin = f".partial-{target.name}-{platform.node()}-"
    partial = target.with_name(f"{begin}{os.getpid()}-{next(_numbers)}")
    try:
        with refused_by_disk(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            for left in target.parent.iterdir():
                if left.name.startswith(begin) and not _is_alive(left.name, begin):
                    with suppress(OSError):  # it is in nobody's way
                        _remove(left)
            yield partial
            os.replace(partial, target)
    except BaseException:
        with suppress(OSError):
            _remove(partial)
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def refused_by_disk(path: Path) -> Iterator[None]:
    """Tells what the disk refused, in whatever way TensorFlow tells it.

    Args:
        path: of what is written, for the message.

    Raises:
        InputError: in the place of an OSError, or of TensorFlow's own errors.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        if isinstance(error, OSError):
            reason = error.strerror
        else:  # without the names of nodes that TensorFlow puts around it
            reason = re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]", "", error.message)
        raise InputError(
            f"The export could not be written: {reason or error}",
            "Check that the place may be written to and has room; nothing was left",
            path=path,
        ) from error


def _is_alive(name: str, begin: str) -> bool:
    """Whether the process that writes under this name still does."""
    process, _, number = name.removeprefix(begin).partition("-")
    if not (process.isdecimal() and number.isdecimal()):
        return True  # of a target whose name goes on
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
