"""Inputs of the tasks: one image, several, a data set or a stream."""

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
    """Return whether `inputs` is a single image."""
    if isinstance(inputs, np.ndarray):
        return inputs.ndim < 4
    return isinstance(inputs, (str, bytes, PathLike, Image.Image))


def fitting_batch_size(inputs: Any, batch_size: int) -> int:
    """Return a smaller batch size for few images: a power of two, 1 for one image.

    Args:
        inputs: one image or several, see `iterate_images`.
        batch_size: the batch size for many images.
    """
    if is_single(inputs):
        return 1
    if not hasattr(inputs, "__len__") or hasattr(inputs, "as_numpy_iterator"):
        return batch_size
    return min(batch_size, 1 << max(len(inputs) - 1, 0).bit_length())


def iterate_images(inputs: Any) -> Iterator[Any]:
    """Iterate over the images in `inputs`.

    Args:
        inputs: anything that `ImageCaptioner.generate` takes: an image, as in
            `load_image`; an iterable of images; or a `tf.data.Dataset` of images uint8
            (height, width, 3), batches of them, or paths, alone or as `"image"` of a
            dict.

    Raises:
        InputError: `inputs` is something else.

    Example:

    >>> from keras_imgdesc.images import iterate_images
    >>> list(iterate_images("a.jpg")), list(iterate_images(["a.jpg", "b.jpg"]))
    (['a.jpg'], ['a.jpg', 'b.jpg'])
    """
    if is_single(inputs):
        return iter([inputs])
    if hasattr(inputs, "as_numpy_iterator"):
        return _from_dataset(inputs)
    if not isinstance(inputs, Iterable):
        raise InputError(
            "Images must be paths, bytes, Pillow images, uint8 arrays, a list of them "
            "or a tf.data.Dataset",
            "Load them with load_image",
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
                "A data set must have images, paths, or dicts with 'image'",
                "Map its elements to one of these",
                element=type(element).__name__,
            )


def batches_ahead(
    sources: Iterable[T], image_size: int, batch_size: int, workers: int = 2
) -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
    """Read images in batches, one batch ahead of the consumer.

    A thread reads while the caller computes. At most three batches are in memory,
    however many images there are. Closing the iterator stops the thread.

    Args:
        sources: images, as in `read_images`.
        image_size: side of the square that they are resized to, in pixels.
        batch_size: number of images per batch; the last batch may have fewer.
        workers: number of threads that decode.

    Yields:
        Pairs of a source and its uint8 image (image_size, image_size, 3), or the
        `ImageError` of a source that cannot be read.
    """
    read = read_images(sources, image_size, workers)  # type: ignore[type-var]

    def batches() -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
        while batch := list(islice(read, batch_size)):
            yield batch

    return _ahead(batches, read.close)  # type: ignore[attr-defined]


def _ahead(make: Callable[[], Iterator[T]], close: Callable[[], None]) -> Iterator[T]:
    """Run an iterator in a thread, one element ahead."""
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
            # Raised in the caller's thread, including KeyboardInterrupt.
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
