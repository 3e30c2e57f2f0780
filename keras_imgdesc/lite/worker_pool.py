"""Processes that compute a function of images."""

from __future__ import annotations

import atexit
import threading
import time
import warnings
from collections import deque
from os import PathLike
from typing import Any, Protocol

import numpy as np

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.sources import image_name
from keras_imgdesc.lite.messages import encode_source
from keras_imgdesc.lite.worker_process import WorkerProcess
from keras_imgdesc.printable import printable

Outputs = dict[str, np.ndarray]


class ImageFunction(Protocol):
    """A function of an image that another process can make, too.

    Attributes:
        target: `"module:name"` of what makes it.
        settings: keyword arguments of `target`, in JSON.
    """

    target: str
    settings: dict[str, Any]

    def __call__(self, source: Any) -> Outputs:
        """Compute arrays by name, or raise an ImageError."""


class Job:
    """An image, and what has been computed of it.

    Attributes:
        source: the image.
        is_short: whether the message with the image is short. A worker that is busy is
            sent nothing else: a long message would block, and so would its answer.
        result: what was computed, or the exception; None as long as it is not done.
    """

    def __init__(self, source: Any) -> None:
        self.source = source
        self.is_short = isinstance(source, str | PathLike)
        self.result: Outputs | ImageError | Exception | None = None


class WorkerPool:
    """This process and others, which share the work on images.

    A thread for each other process talks to it, and replaces it if it dies.

    Args:
        function: what to compute of an image.
        num_others: number of processes besides this one.

    Attributes:
        is_started: whether the other processes have been started.
        seconds: time that this process has worked.
    """

    def __init__(self, function: ImageFunction, num_others: int) -> None:
        self.is_started = False
        self.seconds, self._count = 0.0, 0
        self._function = function
        self._num_others = num_others
        self._changed = threading.Condition()
        # What follows is read and written under the lock of `_changed`.
        self._is_closed = False
        self._waiting: deque[Job] = deque()
        self._workers: set[WorkerProcess] = set()
        self._troubles: list[str] = []
        self._threads: list[threading.Thread] = []

    @property
    def seconds_each(self) -> float:
        """Seconds that an image took here, on average."""
        return self.seconds / max(self._count, 1)

    def add(self, source: Any) -> Job:
        """Add an image to those that wait for a worker."""
        job = Job(source)
        with self._changed:
            self._waiting.append(job)
            self._changed.notify_all()
        return job

    def start(self) -> None:
        """Start the other workers."""
        self.is_started = True
        atexit.register(self.close)
        for _ in range(self._num_others):
            # A thread that is not joined must not keep Python from ending.
            thread = threading.Thread(target=self._serve, daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self, job: Job) -> Outputs | ImageError:
        """Work until an image is done, here or elsewhere, and return its outputs."""
        while True:
            with self._changed:
                for trouble in self._troubles:
                    warnings.warn(printable(trouble), RuntimeWarning, stacklevel=3)
                self._troubles.clear()
                while job.result is None and not self._waiting:
                    # With a limit, Ctrl-C is noticed on Windows, too.
                    self._changed.wait(1)
                if job.result is not None:
                    break
                mine = self._waiting.popleft()
            self._work(mine)
        if isinstance(job.result, Exception) and not isinstance(job.result, ImageError):
            raise job.result
        return job.result

    def close(self) -> None:
        """End the other workers and their threads."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            for worker in self._workers:
                worker.kill()
            self._changed.notify_all()
        if self.is_started:
            atexit.unregister(self.close)
            for thread in self._threads:
                # A generator can be collected in any thread.
                if thread is not threading.current_thread():
                    thread.join()

    def _work(self, job: Job) -> None:
        start = time.perf_counter()
        try:
            job.result = self._function(job.source)
        except ImageError as error:
            # A caller who keeps the errors must not keep, through their tracebacks, the
            # images that were being decoded.
            error.__traceback__ = error.__cause__ = error.__context__ = None
            job.result = error
        except Exception as error:
            job.result = error
        self.seconds += time.perf_counter() - start
        self._count += 1

    def _serve(self) -> None:
        """Keep one worker busy, and replace it if it dies."""
        is_going_on = True
        while is_going_on:
            is_going_on = self._serve_one()

    def _serve_one(self) -> bool:
        """Keep a worker busy; return whether another has to take its place."""
        sent: deque[Job] = deque()
        worker = None
        is_ready = False
        try:
            worker = WorkerProcess(self._function.target, self._function.settings)
            with self._changed:
                self._workers.add(worker)
                if self._is_closed:
                    return False
            worker.wait_until_ready()
            is_ready = True
            while self._exchange(worker, sent):
                pass
            return False
        # WorkerDied, mostly. Whatever it is, nobody may wait for an image forever.
        except Exception as error:
            with self._changed:
                if self._is_closed:
                    return False
                if not is_ready:
                    self._troubles.append(
                        f"A worker could not be started, and there are fewer: {error}"
                    )
                if sent:
                    job = sent.popleft()
                    self._set(job, _death(job.source, error))
                self._waiting.extendleft(reversed(sent))
                self._changed.notify_all()
            return is_ready
        finally:
            if worker is not None:
                with self._changed:
                    self._workers.discard(worker)
                worker.close()

    def _exchange(self, worker: WorkerProcess, sent: deque[Job]) -> bool:
        """Send a worker what it can take and receive an answer; False when closed."""
        while len(sent) < 2 and (job := self._take(bool(sent))) is not None:
            try:
                message = encode_source(job.source)
            except ImageError as error:
                self._set(job, error)
                continue
            sent.append(job)
            worker.send(message)
        if not sent:
            return False
        try:
            result: Outputs | Exception = worker.receive()
        except RuntimeError as error:
            result = error
        self._set(sent.popleft(), result)
        return True

    def _take(self, is_busy: bool) -> Job | None:
        """Return the next image for a worker, or None if it should get none now."""
        with self._changed:
            while not (self._waiting or self._is_closed or is_busy):
                self._changed.wait()
            if not self._waiting or (is_busy and not self._waiting[0].is_short):
                return None
            return self._waiting.popleft()

    def _set(self, job: Job, result: Outputs | Exception) -> None:
        with self._changed:
            job.result = result
            self._changed.notify_all()


def _death(source: Any, error: Exception) -> ImageError:
    return ImageError(
        "The process that worked on the image died",
        "Try the image alone; there may be too little memory for it",
        image=image_name(source),
        reason=str(error),
    )
