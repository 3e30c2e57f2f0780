"""Processes that answer requests, and the queue before them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.messages import encode
from keras_imgdesc.lite.worker_process import WorkerDied, WorkerProcess
from keras_imgdesc.serving.request import (
    Answer,
    Request,
    pack_requests,
    unpack_answers,
)
from keras_imgdesc.serving.request_worker import RequestWorker
from keras_imgdesc.serving.rest_error import RestError

# Times that a request is given to a worker: one may die by another's fault.
_ATTEMPTS = 2
# Seconds before another worker is started where one could not be.
_PAUSE = 0.5


class _Job:
    """A request and its answer to come."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.future: Future[Answer] = Future()
        self.attempts = 0


class WorkerPool:
    """Worker processes, a thread of this process for each, and their queue.

    A worker that dies, or that computes for twice the `timeout`, is replaced. What it
    was answering is tried once more, each request alone.

    Args:
        settings: keyword arguments of `RequestWorker`, in JSON.
        num_workers: number of processes.
        most_at_once: number of requests that a worker is given at once.
        timeout: seconds that a request may take.
        on_batch: called with the number of rows that were computed at once.
        on_restart: called when a worker is replaced.

    Attributes:
        num_ready: number of workers that can answer.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        num_workers: int,
        most_at_once: int,
        timeout: float,
        on_batch: Callable[[int], None] = lambda rows: None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        self.num_workers, self.num_ready = num_workers, 0
        self._settings = settings
        self._most_at_once = most_at_once
        # A request that is late has been answered already. A worker that still works
        # on it is slow, until it must be stuck.
        self._most_seconds = 2 * timeout
        self._on_batch, self._on_restart = on_batch, on_restart
        self._closing = threading.Event()
        self._changed = threading.Condition()
        # What follows is read and written under the lock of `_changed`.
        self._waiting: deque[_Job] = deque()
        self._is_closed = False
        self._unfinished = 0
        self._failure: str | None = None
        # When each worker began to compute; None while it waits.
        self._since: dict[WorkerProcess, float | None] = {}
        self._overdue: set[WorkerProcess] = set()
        self._threads = [
            threading.Thread(target=self._serve, daemon=True)
            for _ in range(num_workers)
        ]
        self._threads.append(threading.Thread(target=self._watch, daemon=True))

    @property
    def num_waiting(self) -> int:
        """Number of requests that wait for a worker."""
        return len(self._waiting)

    def start(self) -> None:
        """Start the workers and wait until all are ready.

        Raises:
            InputError: one cannot be started.
        """
        for thread in self._threads:
            thread.start()
        with self._changed:
            while self.num_ready < self.num_workers and self._failure is None:
                self._changed.wait(1)
            failure = self._failure
        if failure is not None:
            self.close()
            raise InputError(
                "A model could not be loaded", "See the reason", reason=failure
            )

    def submit(self, request: Request) -> Future[Answer]:
        """Queue a request. A future that is cancelled while it waits is dropped."""
        job = _Job(request)
        job.future.add_done_callback(self._count_finished)
        with self._changed:
            self._unfinished += 1
            self._waiting.append(job)
            self._changed.notify_all()
        return job.future

    def finish(self) -> None:
        """Wait until all requests are answered, and end the workers."""
        with self._changed:
            while self._unfinished:
                self._changed.wait()
        self.close()

    def close(self) -> None:
        """End the workers; what waits is answered with an error."""
        with self._changed:
            self._is_closed = True
            self._closing.set()
            left, self._waiting = list(self._waiting), deque()
            for worker in self._since:
                worker.kill()
            self._changed.notify_all()
        for job in left:
            _fail(job, RestError(503, "The server is stopping"))
        for thread in self._threads:
            if thread.is_alive():
                thread.join(5)

    def _count_finished(self, future: Future[Answer]) -> None:
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()

    def _serve(self) -> None:
        """Keep one worker busy, and replace it when it dies."""
        is_first = True
        while not self._is_closed:
            if not is_first:
                self._on_restart()
            try:
                self._serve_one()
            # Whatever it is, the requests that wait need another worker.
            except Exception as error:
                with self._changed:
                    if is_first and self._failure is None and self.num_ready == 0:
                        self._failure = str(error)
                        self._changed.notify_all()
                self._closing.wait(_PAUSE)
            is_first = False

    def _serve_one(self) -> None:
        """Start a worker and keep it busy until it dies or the pool is closed."""
        worker = WorkerProcess(RequestWorker.target, self._settings)
        is_ready = False
        try:
            with self._changed:
                self._since[worker] = None
                if self._is_closed:
                    return
            worker.wait_until_ready()
            with self._changed:
                is_ready = True
                self.num_ready += 1
                self._changed.notify_all()
            while jobs := self._take():
                if not self._work(worker, jobs):
                    return
        finally:
            with self._changed:
                self.num_ready -= is_ready
                del self._since[worker]
                self._overdue.discard(worker)
            worker.close()

    def _take(self) -> list[_Job]:
        """Wait for requests; nothing when the pool is closed."""
        with self._changed:
            while True:
                jobs: list[_Job] = []
                while self._waiting and len(jobs) < self._most_at_once:
                    # One that ended a worker goes alone: it may do so again.
                    if self._waiting[0].attempts and jobs:
                        break
                    job = self._waiting.popleft()
                    is_again = job.attempts > 0
                    job.attempts += 1
                    if is_again or job.future.set_running_or_notify_cancel():
                        jobs.append(job)
                        if is_again:
                            break
                if jobs or self._is_closed:
                    return jobs
                self._changed.wait()

    def _work(self, worker: WorkerProcess, jobs: list[_Job]) -> bool:
        """Have requests answered; return whether the worker is still there."""
        content = np.frombuffer(pack_requests([j.request for j in jobs]), np.uint8)
        with self._changed:
            self._since[worker] = time.monotonic()
        try:
            worker.send(encode({}, {"content": content}))
            found = worker.receive()
        except (WorkerDied, RuntimeError) as error:
            with self._changed:
                is_overdue = worker in self._overdue
            self._give_back(jobs, error, is_overdue)
            return isinstance(error, RuntimeError)
        finally:
            with self._changed:
                self._since[worker] = None
        assert isinstance(found, dict)
        answers, batches = unpack_answers(found)
        for rows in batches:
            self._on_batch(rows)
        for job, answer in zip(jobs, answers, strict=True):
            job.future.set_result(answer)
        return True

    def _give_back(self, jobs: list[_Job], error: Exception, is_overdue: bool) -> None:
        """Queue the requests of a worker that died again, or give them up."""
        for job in reversed(jobs):
            if is_overdue and len(jobs) == 1:
                _fail(job, RestError(504, "The request took too long"))
            elif job.attempts < _ATTEMPTS and not self._is_closed:
                with self._changed:
                    self._waiting.appendleft(job)
                    self._changed.notify_all()
            else:
                reason = f"The process that worked on the request {error}"
                _fail(job, RestError(500, reason.splitlines()[-1]))

    def _watch(self) -> None:
        """Kill workers that compute too long."""
        while not self._closing.wait(min(self._most_seconds / 4, 1)):
            with self._changed:
                now = time.monotonic()
                for worker, since in self._since.items():
                    if since is not None and now - since > self._most_seconds:
                        self._overdue.add(worker)
                        worker.kill()


def _fail(job: _Job, error: RestError) -> None:
    if not job.future.done():
        job.future.set_exception(error)
