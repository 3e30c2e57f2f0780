"""Contestants that take turns, each in a process of its own.

Any other load of the machine then affects all of them alike, each has its own threads,
and its peak memory is its own. CPU seconds are those of all threads of a contestant.
"""

import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16")
FLAGS += ("amx_int8",)


@dataclass(frozen=True)
class Turn:
    """One call of a contestant: its result, its time, its peak memory so far."""

    result: Any
    seconds: float
    cpu_seconds: float
    peak_mib: float


class Contestant:
    """A function that is built and called in a process of its own.

    Args:
        build: returns the function to call; importable by its name.
        *arguments: arguments of `build`.

    Call arguments: those of the function, which are sent to the process.

    Raises:
        click.ClickException: building or calling the function failed.
    """

    def __init__(self, build: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(there, build, arguments), daemon=True
        )
        self._process.start()
        there.close()
        self.startup: Turn = self._receive()

    def __call__(self, *arguments: Any) -> Turn:
        self._connection.send(arguments)
        return self._receive()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join()

    def _receive(self) -> Turn:
        try:
            answer = self._connection.recv()
        except EOFError:
            answer = "the process has died"
        if isinstance(answer, str):
            raise click.ClickException(answer)
        return answer


def peak_mib() -> float:
    """Return the peak of this process's resident memory, in MiB."""
    # Unlike `ru_maxrss`, VmHWM does not include the memory of a parent.
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def describe_machine(*packages: str) -> str:
    """Return one line: processor, the flags that matter, load, versions."""
    info = Path("/proc/cpuinfo").read_text()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in info.split("\n\n")[0].splitlines()
        if ":" in line
    )
    flags = " ".join(flag for flag in FLAGS if flag in fields["flags"].split())
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {fields['model name']} ({flags}), load "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}"
    )


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |")


def _serve(connection: Any, build: Callable[..., Any], arguments: Any) -> None:
    try:
        function = _timed(connection, build, arguments)
        while True:
            _timed(connection, function, connection.recv())
    except EOFError:
        pass
    except Exception as error:
        connection.send(f"{build.__module__}.{build.__name__}: {error!r}")


def _timed(connection: Any, function: Callable[..., Any], arguments: Any) -> Any:
    start, cpu_start = time.perf_counter(), time.process_time()
    result = function(*arguments)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    sent = None if callable(result) else result
    connection.send(Turn(sent, seconds, cpu, peak_mib()))
    return result
