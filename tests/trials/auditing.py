"""What a child opens, writes and connects to, as Python's audit events tell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events whose first arguments are paths that are changed, and how many of them.
CHANGES = {
    "os.rename": 2,
    "os.remove": 1,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "os.link": 2,
    "os.symlink": 2,
    "os.chmod": 1,
    "os.utime": 1,
}


def changed_paths(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the absolute paths that an audit event is about to change."""
    if event == "open":
        path, _, flags = arguments
        return [absolute(path)] if flags & WRITING and is_path(path) else []
    paths = arguments[: CHANGES.get(event, 0)]
    return [absolute(path) for path in paths if is_path(path)]


def is_path(value: object) -> bool:
    """Return whether an argument names a file, and is not an open one's number."""
    return isinstance(value, str | bytes | os.PathLike)


def absolute(path: Any) -> str:
    """Return an absolute path; links are not followed."""
    return os.path.abspath(os.fsdecode(path))


def on_change_below(folder: Path, do: Callable[[], None]) -> None:
    """Call a function before each change that this process makes below a folder."""
    prefix = f"{folder}{os.sep}"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" or event in CHANGES:
            paths = changed_paths(event, arguments)
            if any(path.startswith(prefix) for path in paths):
                do()

    sys.addaudithook(hook)


def kill_at_change(folder: Path, number: int, delay: float) -> None:
    """Kill this process when it is about to make a change below a folder.

    Args:
        folder: the folder.
        number: number of the change, from 0.
        delay: seconds from there to the kill; 0 kills before the change is made.
    """
    left = number

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def count() -> None:
        nonlocal left
        if left == 0 and delay:
            threading.Timer(delay, kill).start()
        elif left == 0:
            kill()
        left -= 1

    on_change_below(folder, count)


def count_changes(folder: Path, file: Path) -> None:
    """Write the number of changes below a folder, so far, to a file elsewhere."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    changes = 0

    def count() -> None:
        nonlocal changes
        changes += 1
        os.pwrite(descriptor, b"%d" % changes, 0)

    on_change_below(folder, count)
