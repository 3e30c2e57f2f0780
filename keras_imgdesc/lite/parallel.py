"""One function over any number of images, on all cores, in order.

The work is done in processes, not in threads. LiteRT and NumPy run side by side in
threads, but Pillow decodes a JPEG under Python's global lock. On two cores that hardly
matters: threads are level with processes, and ahead of them by the start of a process
where there are few images. On more cores it does: of photographs of 12 megapixels,
decoding is 42 % of the work, so that threads cannot use more than 2.4 cores. A process
that dies also leaves the others alone. `benchmarks/folder_speed.py` measures both.

A process more than the first costs its start, so that none is started before there is
more work than that.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from operator import length_hint
from typing import TypeVar

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.damage import check_on_damaged, report_damage
from keras_imgdesc.lite.image_runner import damage_in
from keras_imgdesc.lite.usable_cores import usable_cores
from keras_imgdesc.lite.worker_pool import ImageFunction, Job, Outputs, WorkerPool

Source = TypeVar("Source")
Result = TypeVar("Result")

# Seconds of work after which workers are started: about what the start of one takes.
PATIENCE = 0.3
# Images per worker that are taken from the sources before their turn.
AHEAD = 4


def map_images(
    function: ImageFunction,
    sources: Iterable[Source],
    num_workers: int | None,
    convert: Callable[[Outputs], Result],
    *,
    on_damaged: str = "warn",
    patience: float | None = None,
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
        on_damaged: what to do with an image some of whose data are missing, see
            `load_image`.
        patience: see above; None means `PATIENCE`.

    Yields:
        Each source with its converted outputs, or with the `ImageError` if it cannot be
        read, in the order of the sources.

    Raises:
        InputError: `num_workers` is below 1, or `on_damaged` is something else. Raised
            by the call.

    Warns:
        DamagedImageWarning: data of an image are missing.
    """
    if num_workers is None:
        num_workers = _default_workers(function)
    if num_workers < 1:
        raise InputError(
            "num_workers must be at least 1", "Use 1", num_workers=num_workers
        )
    check_on_damaged(on_damaged)
    patience = PATIENCE if patience is None else patience
    return _map(function, sources, num_workers, convert, on_damaged, patience)


def _default_workers(function: ImageFunction) -> int:
    # A program with Python built in has no Python to start.
    if getattr(sys, "frozen", False) or not sys.executable:
        return 1
    threads = function.settings.get("num_threads") or 1
    return max(1, usable_cores() // threads)


def _map(
    function: ImageFunction,
    sources: Iterable[Source],
    num_workers: int,
    convert: Callable[[Outputs], Result],
    on_damaged: str,
    patience: float,
) -> Generator[tuple[Source, Result | ImageError]]:
    with closing(WorkerPool(function, num_workers - 1)) as pool:
        left = iter(sources)
        failure: Exception | None = None
        pending: deque[Job] = deque()
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
            if not isinstance(found, ImageError):
                try:
                    report_damage(job.source, damage_in(found), on_damaged)
                except ImageError as error:
                    found = error
            if isinstance(found, ImageError):
                yield job.source, found
            else:
                yield job.source, convert(found)
