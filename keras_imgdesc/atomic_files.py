"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import itertools
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".partial-"
_numbers = itertools.count()


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that becomes `target` when the block ends.

    The caller writes a file or makes a folder at the yielded path, which lies beside
    `target` and keeps its suffix. What was written is flushed to the disk and then
    renamed in one step: a file replaces an old one, a folder must be new. If the block
    fails, nothing remains, not even the parent folders that were made for it. A killed
    process leaves only a hidden temporary path, which the next write to the same
    target on the same computer removes. Concurrent writers never share a path.

    Args:
        target: file or folder to write; its parent folders are made.

    Raises:
        OSError: the place cannot be written to, or the disk is full.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.atomic_files import atomic_path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder, "deep", "a.txt")) as partial:
    ...         written = partial.write_text("whole")
    ...     print(Path(folder, "deep", "a.txt").read_text())
    whole
    """
    target = Path(target)
    with temporary_path(target) as partial:
        yield partial
        sync(partial)
        os.replace(partial, target)
        sync_folder(target.parent)


@contextmanager
def temporary_path(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that is removed when the block ends.

    For a target that `atomic_path` cannot replace in one step. See there for leftovers,
    parent folders and errors.
    """
    missing = [p for p in (target.parent, *target.parent.parents) if not p.exists()]
    partial = target.with_name(
        f"{_PREFIX}{platform.node()}-{os.getpid()}-{next(_numbers)}-{target.name}"
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        yield partial
    except BaseException:
        with suppress(OSError):
            _remove(partial)
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise
    with suppress(OSError):
        _remove(partial)


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file through `atomic_path`.

    Args:
        path: file to write or replace.
        content: bytes, or text that is encoded as UTF-8.

    Raises:
        OSError: the place cannot be written to, or the disk is full.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    with atomic_path(path) as partial:
        partial.write_bytes(content)


def is_partial(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a temporary one of `atomic_path`."""
    return Path(path).name.startswith(_PREFIX)


def sync(path: Path) -> None:
    """Flush a file, or a folder and everything in it, to the disk."""
    if path.is_dir():
        for inner in path.iterdir():
            sync(inner)
        sync_folder(path)
    else:
        _fsync(path)


def sync_folder(path: Path) -> None:
    """Flush the entries of a folder, so that a rename in it survives a power cut."""
    if os.name == "posix":  # no other system opens folders
        _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(target: Path) -> None:
    """Remove what killed processes of this computer left of earlier writes."""
    prefix = f"{_PREFIX}{platform.node()}-"
    for path in target.parent.iterdir():
        if not path.name.startswith(prefix):
            continue
        process, _, rest = path.name.removeprefix(prefix).partition("-")
        number, _, name = rest.partition("-")
        is_ours = process.isdecimal() and number.isdecimal() and name == target.name
        if is_ours and not _is_alive(int(process)):
            with suppress(OSError):  # it does no harm
                _remove(path)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's process
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
