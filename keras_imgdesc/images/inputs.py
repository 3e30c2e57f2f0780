"""What can be described: one picture, several, a data set, a stream."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import read_images

T = TypeVar("T")


def is_single(inputs: Any) -> bool:
    """Whether `inputs` is one picture and not several."""
    if isinstance(inputs, np.ndarray):
        return inputs.ndim < 4
    return isinstance(inputs, (str, bytes, PathLike, Image.Image))


def fitting_batch_size(inputs: Any, batch_size: int) -> int:
    """A power of two that few pictures fill; one picture is a batch of one."""
    if is_single(inputs):
        return 1
    if not hasattr(inputs, "__len__") or hasattr(inputs, "as_numpy_iterator"):
        return batch_size
    return min(batch_size, 1 << max(len(inputs) - 1, 0).bit_length())


def pictures(inputs: Any) -> Iterator[Any]:
    """The pictures in `inputs`, one at a time.

    Args:
        inputs: anything that `generate` takes. A `tf.data.Dataset` has pictures
            uint8 (height, width, 3), batches of them, or paths, either alone or as
            `"image"` of a dict.
    """
    if is_single(inputs):
        return iter([inputs])
    if hasattr(inputs, "as_numpy_iterator"):
        return _from_dataset(inputs)
    if not isinstance(inputs, Iterable):
        raise InputError(
            "Pictures must be paths, bytes, Pillow images, uint8 arrays, a list of "
            "them or a tf.data.Dataset",
            "Load them first",
            type=type(inputs).__name__,
        )
    return iter(inputs)


def _from_dataset(dataset: Any) -> Iterator[Any]:
    for element in dataset.as_numpy_iterator():
        image = element.get("image") if isinstance(element, dict) else element
        if isinstance(image, bytes):
            yield image.decode()
        elif isinstance(image, np.ndarray) and image.dtype == object:
            yield from (path.decode() for path in image.ravel())
        elif isinstance(image, np.ndarray) and image.ndim == 4:
            yield from image
        elif isinstance(image, np.ndarray):
            yield image
        else:
            raise InputError(
                "A data set to describe must have images, or dicts with 'image'",
                "Map it to that",
                element=type(element).__name__,
            )


def batches_ahead(
    sources: Iterable[T], image_size: int, batch_size: int, workers: int = 2
) -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
    """Reads pictures in batches, one batch ahead of the one handed out.

    A thread reads while the caller computes. At most three batches are in memory,
    however many pictures there are. Closing the iterator stops the thread.

    Args:
        sources: pictures, as for `read_images`.
        image_size: side of the square they are resized to.
        batch_size: pictures in a batch; the last one may have fewer.
        workers: threads that decode.
    """
    read = read_images(sources, image_size, workers)  # type: ignore[type-var]

    def batches() -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
        while batch := list(islice(read, batch_size)):
            yield batch

    return _ahead(batches, read.close)  # type: ignore[attr-defined]


def _ahead(make: Callable[[], Iterator[T]], close: Callable[[], None]) -> Iterator[T]:
    """Runs an iterator in a thread, one element ahead."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def put(item: tuple[str, Any]) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for element in make():
                put(("element", element))
                if stopped.is_set():
                    return
            put(("end", None))
        except BaseException as error:
            # It belongs to the caller, also the keyboard's interrupt.
            put(("error", error))
        finally:
            close()

    thread = threading.Thread(target=work, name="batches_ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        thread.join()
