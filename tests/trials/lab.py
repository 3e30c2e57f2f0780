"""Cases of a trial, each in a child of a process that has imported everything.

A trial runs the command line hundreds of times. Most of that time would go into
importing TensorFlow, so the package is imported once, and each case is a fork of that
process. This is sound since TensorFlow starts its threads with the first operation, and
the parent never runs one. A case that crashes, hangs or takes all memory ends its child
alone and is counted.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cases import Chain, Job, Outcome
from children import Child, outcome_of, start, watch

# Seconds between two lines of progress.
PROGRESS = 60.0


@dataclass
class Lab:
    """Runs cases in children, several at a time.

    Args:
        folder: folder that trials may write into.
        workers: number of children at a time.

    Attributes:
        cpu_seconds: processor time of the cases so far.
    """

    folder: Path
    workers: int = 1
    cpu_seconds: float = 0.0

    def run(self, name: str, work: Callable[[], object], **options: object) -> Outcome:
        """Run one case in `folder`, and return its outcome."""
        job = Job(name, work, self.folder, **options)  # type: ignore[arg-type]
        return next(self.run_all([job]))

    def build(self, name: str, work: Callable[[], object], **options: object) -> None:
        """Run what a trial needs before it can begin.

        Raises:
            RuntimeError: it failed; the message is what it printed.
        """
        outcome = self.run(name, work, **options)
        if outcome.code != 0:
            raise RuntimeError(f"{name} failed: {outcome.out}{outcome.err}")

    def run_all(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Run cases, and yield their outcomes as they end, in any order."""
        return self.run_chains(_alone(job) for job in jobs)

    def run_chains(self, chains: Iterable[Chain]) -> Iterator[Outcome]:
        """Run chains of cases, and yield all outcomes as they end.

        Args:
            chains: generators that yield a case and are sent its outcome, after which
                they yield the next one. Several chains run at a time.
        """
        waiting, children = iter(chains), list[Child]()
        is_empty, ended, told = False, 0, time.monotonic()
        try:
            while children or not is_empty:
                while not is_empty and len(children) < self.workers:
                    chain = next(waiting, None)
                    if chain is None:
                        is_empty = True
                    else:
                        self._continue(chain, None, children)
                if child := _first_ended(children):
                    outcome = outcome_of(child)
                    self.cpu_seconds += outcome.cpu_seconds
                    self._continue(child.chain, outcome, children)
                    yield outcome
                    ended += 1
                else:
                    time.sleep(0.005)
                if time.monotonic() > told + PROGRESS:
                    print(f"  {ended} processes so far", flush=True)
                    told = time.monotonic()
        finally:
            for child in children:
                os.kill(child.process, signal.SIGKILL)

    def _continue(
        self, chain: Chain, outcome: Outcome | None, children: list[Child]
    ) -> None:
        with suppress(StopIteration):
            job = next(chain) if outcome is None else chain.send(outcome)
            children.append(start(job, chain))


def _alone(job: Job) -> Chain:
    yield job


def _first_ended(children: list[Child]) -> Child | None:
    """Remove a child that has ended from the list, and return it."""
    for child in children:
        watch(child)
        process, status, usage = os.wait4(child.process, os.WNOHANG)
        if process:
            children.remove(child)
            child.end = status, usage
            return child
    return None
