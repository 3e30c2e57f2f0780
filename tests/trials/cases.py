"""A case of a trial, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One case.

    Attributes:
        name: what it is called in reports.
        work: what the child does. Its exit code is that of `SystemExit`, 0 where
            `work` returns, and 1 after any other exception, whose traceback is printed.
        folder: working directory, made if missing.
        limit: seconds until the child is killed and counted as hanging.
        kill_after: seconds until the child is killed on purpose, or None.
        extra: what the trial wants to find again in the outcome.
    """

    name: str
    work: Callable[[], object]
    folder: Path
    limit: float = 180.0
    kill_after: float | None = None
    extra: object = None


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        job: the case.
        code: exit code; None if a signal ended the process.
        signal: number of that signal, or 0.
        has_hung: whether the time limit ended it.
        seconds, cpu_seconds: its duration, and the processor time in it.
        growth: bytes of memory that it took beyond those of the warm process.
        survivors: whether processes that it had started outlived it.
        out, err: what it printed.
    """

    job: Job
    code: int | None
    signal: int
    has_hung: bool
    seconds: float
    cpu_seconds: float
    growth: int
    survivors: bool
    out: str
    err: str

    @property
    def has_crashed(self) -> bool:
        """Whether a signal ended it that nobody had sent on purpose."""
        return bool(self.signal) and not self.has_hung and self.job.kill_after is None

    @property
    def has_traceback(self) -> bool:
        """Whether it printed a traceback of Python."""
        return "Traceback (most recent call last)" in self.err + self.out


def command(*arguments: object) -> Callable[[], object]:
    """Return the work of a case that runs `keras-imgdesc` with these arguments."""

    def run() -> None:
        from keras_imgdesc import cli

        cli.main([str(argument) for argument in arguments])

    return run


# Yields a case, is sent its outcome, and yields the next one.
Chain = Generator[Job, Outcome, None]
