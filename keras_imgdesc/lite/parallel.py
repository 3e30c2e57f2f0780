"""One function over any number of images, on all cores, in order.

The work is done in processes, not in threads. LiteRT and NumPy run in threads side by
side, but Pillow decodes a JPEG under Python's global lock, so that threads wait for
each other the longer, the larger the photographs and the more the cores;
`benchmarks/folder_speed.py` measures both. A process more than the first costs its
start, so that none is started before there is more work than that.
"""

from __future__ import annotations

import atexit
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from operator import length_hint
from os import PathLike
from typing import Any, Protocol, TypeVar

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.loading import image_name
from keras_imgdesc.lite.messages import encode_source
from keras_imgdesc.lite.usable_cores import usable_cores
from keras_imgdesc.lite.worker_process import WorkerDied, WorkerProcess

Source = TypeVar("Source")
Result = TypeVar("Result")
Outputs = dict[str, np.ndarray]

# Seconds of work after which workers are started: about what the start of one takes.
PATIENCE = 0.3
# Images per worker that are taken from the sources before their turn.
AHEAD = 4


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


def map_images(
    function: ImageFunction,
    sources: Iterable[Source],
    num_workers: int | None,
    convert: Callable[[Outputs], Result],
    *,
    patience: float = PATIENCE,
) -> Generator[tuple[Source, Result | ImageError]]:
    """Compute a function of images on several cores.

    This process is one of the workers. The others start when it has worked for
    `patience` seconds and as much work or more is left, so that a few images cost
    what they cost alone. Closing the iterator ends the others.

    A worker that dies (for lack of memory, or by a fault in a library) is replaced. The
    image that it was computing gets an ImageError.

    Args:
        function: what to compute. Only the thread that iterates calls it here.
        sources: images as `load_image` takes them; may be endless. At most `AHEAD`
            for each worker are taken before their turn.
        num_workers: number of processes, this one included; None means the number of
            usable cores, divided by `num_threads` of the settings.
        convert: what to make of the outputs, in this process.
        patience: see above.

    Yields:
        Each source with its converted outputs, or with the `ImageError` if it cannot be
        read, in the order of the sources.

    Raises:
        InputError: `num_workers` is below 1. Raised by the call.
    """
    if num_workers is None:
        threads = function.settings.get("num_threads") or 1
        num_workers = max(1, usable_cores() // threads)
    if num_workers < 1:
        raise InputError(
            "num_workers must be at least 1", "Use 1", num_workers=num_workers
        )
    return _map(function, sources, num_workers, convert, patience)


def _map(
    function: ImageFunction,
    sources: Iterable[Source],
    num_workers: int,
    convert: Callable[[Outputs], Result],
    patience: float,
) -> Generator[tuple[Source, Result | ImageError]]:
    with closing(_Pool(function, num_workers - 1)) as pool:
        left = iter(sources)
        failure: Exception | None = None
        pending: deque[_Job] = deque()
        while True:
            is_tried = num_workers > 1 and pool.seconds >= patience
            ahead = AHEAD * num_workers if is_tried else 1
            while failure is None and len(pending) < ahead:
                try:
                    pending.append(pool.add(next(left)))
                # Also the end. It counts after the images before it.
                except Exception as error:
                    failure = error
            if not pending:
                assert failure is not None
                if isinstance(failure, StopIteration):
                    return
                raise failure
            if is_tried and not pool.is_started:
                count = len(pending) + length_hint(left)
                is_more = failure is None and length_hint(left, -1) < 0
                if is_more or count * pool.seconds_each >= patience:
                    pool.start()
            job = pending.popleft()
            found = pool.finish(job)
            if isinstance(found, ImageError):
                yield job.source, found
            else:
                yield job.source, convert(found)


class _Job:
    """An image, and what has been computed of it."""

    def __init__(self, source: Any) -> None:
        self.source = source
        # A second image is sent to a worker that is busy only if it is a path: a long
        # message would block, and so would the worker's answer.
        self.is_short = isinstance(source, str | PathLike)
        self.result: Outputs | ImageError | Exception | None = None


class _Pool:
    """The workers other than this process, with a thread for each that talks to it."""

    def __init__(self, function: ImageFunction, num_others: int) -> None:
        self.is_started = False
        self.seconds, self._count = 0.0, 0
        self._function = function
        self._num_others = num_others
        self._changed = threading.Condition()
        # What follows is read and written under the lock of `_changed`.
        self._is_closed = False
        self._waiting: deque[_Job] = deque()
        self._workers: set[WorkerProcess] = set()
        self._troubles: list[str] = []
        self._threads: list[threading.Thread] = []

    @property
    def seconds_each(self) -> float:
        """Seconds that an image took here, on average."""
        return self.seconds / max(self._count, 1)

    def add(self, source: Any) -> _Job:
        """Add an image to those that wait for a worker."""
        job = _Job(source)
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

    def finish(self, job: _Job) -> Outputs | ImageError:
        """Work until an image is done, here or elsewhere, and return its outputs."""
        while True:
            with self._changed:
                for trouble in self._troubles:
                    warnings.warn(trouble, RuntimeWarning, stacklevel=3)
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

    def _work(self, job: _Job) -> None:
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
        sent: deque[_Job] = deque()
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
        except (WorkerDied, OSError) as error:
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

    def _exchange(self, worker: WorkerProcess, sent: deque[_Job]) -> bool:
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

    def _take(self, is_busy: bool) -> _Job | None:
        """Return the next image for a worker, or None if it should get none now."""
        with self._changed:
            while not (self._waiting or self._is_closed or is_busy):
                self._changed.wait()
            if not self._waiting or (is_busy and not self._waiting[0].is_short):
                return None
            return self._waiting.popleft()

    def _set(self, job: _Job, result: Outputs | Exception) -> None:
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
