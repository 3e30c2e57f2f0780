"""Files and folders that appear whole or not at all.

A write goes to a temporary path beside its target, which the last step renames. Its
name cannot be foretold, so that nobody can put a link in its place, and tells the
computer, the process and the target, so that what a killed process left is recognised.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_PREFIX = ".partial-"
# Host, process, its start and a random number; the target follows.
_NAME = re.compile(r"\.partial-.*?-(\d+)-(\d+)-[0-9a-f]{16}-.+", re.DOTALL)
# Earlier versions had a counter in the place of the last two.
_EARLIER_NAME = re.compile(r"\.partial-.*?-(\d+)-\d+-.+", re.DOTALL)
# Most file systems limit a name to 255 bytes.
_MOST_HOST, _MOST_TARGET = 40, 150
# A folder with more files is searched for leftovers once per process.
_MANY_FILES = 1000
# Nobody writes one file or folder for longer.
_STALE_SECONDS = 7 * 24 * 3600


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that becomes `target` when the block ends.

    The caller writes a file or makes a folder at the yielded path, which lies beside
    `target` and keeps its suffix. What was written is flushed to the disk and then
    renamed in one step: a file replaces an old one, a folder must be new or replace an
    empty one. If the block fails, nothing remains, not even the parent folders that
    were made for it. A killed process leaves only a hidden temporary path, which the
    next write into the same folder on the same computer removes; one of another
    computer is removed when it is a week old. Concurrent writers never share a path.

    Args:
        target: file or folder to write; its parent folders are made.

    Raises:
        OSError: the place cannot be written to, or the disk is full; `filename` is
            `target`, unless it is a folder in which it lies.

    Example:

    >>> import tempfile
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
def atomic_file(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a new file, open for writing bytes, that becomes `target`.

    It has the permissions of the user's mask. See `atomic_path`.
    """
    with atomic_path(target) as partial, open_new(partial) as file:
        yield file
        file.flush()


@contextmanager
def temporary_path(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that is removed when the block ends.

    For a target that `atomic_path` cannot replace in one step. See there for leftovers,
    parent folders and errors.
    """
    missing = [p for p in (target.parent, *target.parent.parents) if not p.exists()]
    partial = target.with_name(_temporary_name(target.name))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target.parent)
        yield partial
    except BaseException as error:
        with suppress(OSError):
            _remove(partial)
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            _name_target(error, partial, target)
        raise
    with suppress(OSError):
        _remove(partial)


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file through `atomic_file`.

    Args:
        path: file to write or replace.
        content: bytes, or text that is encoded as UTF-8.

    Raises:
        OSError: the place cannot be written to, or the disk is full.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    with atomic_file(path) as file:
        file.write(content)


def write_together(
    folder: str | os.PathLike[str], contents: Mapping[str, bytes | str]
) -> None:
    """Write several files into a folder; none of them if one cannot be written.

    Args:
        folder: folder of the files, made if missing.
        contents: bytes, or text that is encoded as UTF-8, by the name of the file.

    Raises:
        OSError: the place cannot be written to, or the disk is full.
    """
    with ExitStack() as stack:
        written = {}
        for name, content in contents.items():
            if isinstance(content, str):
                content = content.encode("utf-8")
            target = Path(folder, name)
            partial = stack.enter_context(temporary_path(target))
            with open_new(partial) as file:
                file.write(content)
            sync(partial)
            written[partial] = target
        for partial, target in written.items():
            os.replace(partial, target)
        sync_folder(Path(folder))


def open_new(path: str | os.PathLike[str]) -> BinaryIO:
    """Create a file and open it for writing bytes; it must not exist, nor be a link.

    Raises:
        OSError: it exists, or the place cannot be written to.
    """
    return open(path, "xb", opener=_without_links)


def is_partial(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a temporary one of `atomic_path`, of any version."""
    name = Path(path).name
    # `.recipe.json.partial` is a name of earlier versions.
    return name.startswith(_PREFIX) or (name[:1] == "." and name.endswith(".partial"))


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in a folder of their writes.

    A leftover may stay, as where the folder cannot be listed; it does no harm.
    """
    with suppress(OSError):
        number = os.stat(folder)
        key = (number.st_dev, number.st_ino)
        if key in _LARGE_FOLDERS:
            return
        names = os.listdir(folder)
        if len(names) > _MANY_FILES:
            _LARGE_FOLDERS.add(key)
        for name in names:
            if name.startswith(_PREFIX) and _is_leftover(folder / name):
                with suppress(OSError):
                    _remove(folder / name)


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


_LARGE_FOLDERS: set[tuple[int, int]] = set()


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary_name(target: str) -> str:
    process = os.getpid()
    start = _start_of(process) or 0
    token = os.urandom(8).hex()
    return f"{_PREFIX}{_host()}-{process}-{start}-{token}-{_shortened(target)}"


@functools.cache
def _host() -> str:
    letters = re.sub(r"[^\w.-]", "_", platform.node(), flags=re.ASCII)
    return letters[:_MOST_HOST] or "host"


def _shortened(name: str) -> str:
    """Return a name, or a digest and the end of one that would become too long."""
    if len(os.fsencode(name)) <= _MOST_TARGET:
        return name
    end = name[-_MOST_TARGET // 2 :]
    while len(os.fsencode(end)) > _MOST_TARGET // 2:
        end = end[1:]
    return f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}~{end}"


def _is_leftover(path: Path) -> bool:
    """Return whether a temporary path is that of a process that runs no more."""
    own = f"{_PREFIX}{_host()}-"
    if path.name.startswith(own):
        # A host's name may look like the number of a process: it is cut off.
        name = f"{_PREFIX}-{path.name.removeprefix(own)}"
        found = _NAME.fullmatch(name) or _EARLIER_NAME.fullmatch(name)
        if found is None:
            return False
        process = int(found[1])
        if not _is_alive(process):
            return True
        start = int(found[2]) if found.re is _NAME else 0
        now = _start_of(process)
        if start and now:
            return start != now
    is_stale = time.time() - _last_change(path) > _STALE_SECONDS
    return _NAME.fullmatch(path.name) is not None and is_stale


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # another user's process
    return True


def _start_of(process: int) -> int | None:
    """Return when a process was started, in ticks; None if the system does not tell.

    It tells a process from a later one of the same number.
    """
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            # The second field is a name in brackets, which may hold anything.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _last_change(path: Path) -> float:
    """Return the time of the last change of a file, or of anything in a folder."""
    paths = [os.fspath(path)]
    for folder, folders, files in os.walk(path):
        paths += [os.path.join(folder, name) for name in (*folders, *files)]
    # A copy has the time of its original, but not that of its own entry.
    return max(max(s.st_mtime, s.st_ctime) for s in map(os.lstat, paths))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _name_target(error: OSError, partial: Path, target: Path) -> None:
    """Let an error name the target, which the user knows, not the temporary path."""
    name = error.filename
    if name is None:
        # Without a number, an error with a file name no longer shows its message.
        if error.errno is not None:
            error.filename = str(target)
    elif isinstance(name, str) and Path(name).is_relative_to(partial):
        error.filename = str(target / Path(name).relative_to(partial))
        error.filename2 = None
