"""The process of a case: starting, watching and ending it."""

from __future__ import annotations

import atexit
import os
import resource
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cases import Chain, Job, Outcome

PAGE = os.sysconf("SC_PAGE_SIZE")
# Seconds that processes started by a case may outlive it.
GRACE = 10.0


@dataclass
class Child:
    """A process of a case that has not been reported yet."""

    job: Job
    chain: Chain
    process: int
    start: float
    resident: int
    pipes: tuple[int, int]
    printed: tuple[bytearray, bytearray]
    is_killed: bool = False
    has_hung: bool = False
    end: tuple[int, resource.struct_rusage] | None = None


def start(job: Job, chain: Chain) -> Child:
    """Start the process of a case."""
    job.folder.mkdir(parents=True, exist_ok=True)
    pipes = [os.pipe() for _ in range(2)]
    sys.stdout.flush()
    sys.stderr.flush()
    begin = time.monotonic()
    process = os.fork()
    if not process:
        _be_child(job, pipes)
    for reading, writing in pipes:
        os.close(writing)
        os.set_blocking(reading, False)
    out, err = (reading for reading, _ in pipes)
    printed = bytearray(), bytearray()
    return Child(job, chain, process, begin, _memory(), (out, err), printed)


def _be_child(job: Job, pipes: list[tuple[int, int]]) -> None:
    """Do the work of a case, and end the process."""
    code = 1
    try:
        os.setsid()
        for descriptor, (_, writing) in enumerate(pipes, 1):
            os.dup2(writing, descriptor)
        os.closerange(3, 256)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            stream = os.fdopen(descriptor, "w", 1, "utf-8", "backslashreplace")
            setattr(sys, name, stream)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.chdir(job.folder)
        try:
            job.work()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        except BaseException:
            traceback.print_exc()
        # What Python does at its end, except for freeing memory.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _memory() -> int:
    """Return the bytes of this process that a fork of it has from its start."""
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * PAGE


def _read(child: Child) -> None:
    """Read what a child has printed; a full pipe would stop it."""
    for pipe, printed in zip(child.pipes, child.printed):
        with suppress(BlockingIOError):
            while content := os.read(pipe, 65536):
                printed += content


def watch(child: Child) -> None:
    """Read what a child prints, and kill it when its time is over."""
    _read(child)
    passed = time.monotonic() - child.start
    after = child.job.kill_after
    if after is not None and passed >= after and not child.is_killed:
        child.is_killed = True
        os.kill(child.process, signal.SIGKILL)
    elif passed > child.job.limit and not child.has_hung:
        child.has_hung = True
        os.kill(child.process, signal.SIGKILL)


def outcome_of(child: Child) -> Outcome:
    """Return how a child ended, once its processes have ended, too."""
    assert child.end
    status, usage = child.end
    survivors = _end_session(child.process)
    _read(child)
    for pipe in child.pipes:
        os.close(pipe)
    out, err = (printed.decode("utf-8", "replace") for printed in child.printed)
    return Outcome(
        child.job,
        os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        child.has_hung,
        time.monotonic() - child.start,
        usage.ru_utime + usage.ru_stime,
        max(0, 1024 * usage.ru_maxrss - child.resident),
        survivors,
        out,
        err,
    )


def _end_session(session: int) -> bool:
    """End the processes that a child has left; return whether there were any.

    They may take a moment to see that their parent is gone.
    """
    end = time.monotonic() + GRACE
    while found := _members(session):
        if time.monotonic() > end:
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            return True
        time.sleep(0.02)
    return False


def _members(session: int) -> list[int]:
    """Return the live processes of a session; none where there is no `/proc`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # After the name in brackets: state, parent, group, session.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(folder.name))
    return found
