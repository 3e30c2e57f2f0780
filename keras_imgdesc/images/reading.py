"""Reading many images in threads, in order and ahead of their use."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.damage import check_on_damaged, damage_of, mark
from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.images.inputs import iterate_images
from keras_imgdesc.images.loading import ImageSource, load_image
from keras_imgdesc.images.resizing import check_image_size, resize_image
from keras_imgdesc.images.sources import holds_objects, is_array_like

Source = TypeVar("Source", bound=ImageSource)
T = TypeVar("T")


def read_images(
    sources: Iterable[Source],
    image_size: int | tuple[int, int],
    workers: int = 2,
    *,
    max_pixels: int = MAX_PIXELS,
    on_damaged: str = "warn",
) -> Iterator[tuple[Source, np.ndarray | ImageError]]:
    """Load and resize images in threads, and yield them in order.

    At most `2 * workers` sources are read ahead, of which `workers` are in memory at
    full size. `sources` may be endless. Closing the iterator stops the threads.

    Args:
        sources: inputs of `load_image`, of any mixture of kinds.
        image_size: (height, width) in pixels, or one number for both.
        workers: number of threads that decode.
        max_pixels, on_damaged: see `load_image`.

    Yields:
        `(source, image)` with a uint8 image (height, width, 3), or `(source,
        ImageError)` for a source that cannot be read. The error is not raised: the
        other sources are still read.

    Raises:
        InputError: `image_size` or `workers` is not positive, or `on_damaged` is
            something else. Raised by the call.

    Warns:
        DamagedImageWarning: data of an image are missing.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import read_images
    >>> for source, image in read_images([np.zeros((9, 9), "uint8"), b"broken"], 4):
    ...     print(type(image).__name__)
    ndarray
    ImageError
    """
    size = check_image_size(image_size)
    check_on_damaged(on_damaged)
    if workers < 1:
        raise InputError("`workers` must be at least 1", "Use 2", workers=workers)
    return _read(sources, size, workers, max_pixels, on_damaged)


def stack_images(
    sources: Iterable[ImageSource], image_size: int | tuple[int, int]
) -> np.ndarray:
    """Load images and resize them to one size.

    Args:
        sources: inputs of `load_image`, at least one.
        image_size: (height, width) in pixels, or one number for both.

    Returns:
        uint8 (images, height, width, 3).

    Raises:
        ImageError: an image cannot be read.
        InputError: there are no sources.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import stack_images
    >>> stack_images([np.zeros((9, 8), "uint8"), np.zeros((5, 5), "uint8")], 4).shape
    (2, 4, 4, 3)
    """
    rows: list[np.ndarray] = []
    for _, image in read_images(sources, image_size):
        if isinstance(image, ImageError):
            raise image
        rows.append(image)
    if not rows:
        raise InputError("There must be at least one image", "Pass an image", images=0)
    return np.stack(rows)


def image_array(images: Any, image_size: int | tuple[int, int]) -> Any:
    """Return the images of a training set as one array or tensor.

    Args:
        images: uint8 array or tensor (images, height, width, channels), which is
            returned unchanged, or several images as `iterate_images` takes them, which
            are resized.
        image_size: (height, width) in pixels, or one number for both.

    Returns:
        uint8 (images, height, width, 3).

    Raises:
        ImageError: an image cannot be read.
        InputError: there are no images.
    """
    is_array = is_array_like(images) and not holds_objects(images)
    if is_array and len(images.shape) == 4 and images.dtype == np.uint8:
        return images
    return stack_images(iterate_images(images), image_size)


def batches_ahead(
    sources: Iterable[T],
    image_size: int,
    batch_size: int,
    workers: int = 2,
    on_damaged: str = "warn",
) -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
    """Read images in batches, one batch ahead of the consumer.

    A thread reads while the caller computes. At most three batches are in memory,
    however many images there are. Closing the iterator stops the thread.

    Args:
        sources: images, as in `read_images`.
        image_size: side of the square that they are resized to, in pixels.
        batch_size: number of images per batch; the last batch may have fewer.
        workers: number of threads that decode.
        on_damaged: see `load_image`.

    Yields:
        Pairs of a source and its uint8 image (image_size, image_size, 3), or the
        `ImageError` of a source that cannot be read.
    """
    read = read_images(  # type: ignore[type-var]
        sources, image_size, workers, on_damaged=on_damaged
    )

    def batches() -> Iterator[list[tuple[T, np.ndarray | ImageError]]]:
        while batch := list(islice(read, batch_size)):
            yield batch

    return _ahead(batches, read.close)  # type: ignore[attr-defined]


def _read(
    sources: Iterable[Source],
    size: tuple[int, int],
    workers: int,
    max_pixels: int,
    on_damaged: str,
) -> Iterator[tuple[Source, np.ndarray | ImageError]]:
    pending: deque[tuple[Source, Future[np.ndarray | ImageError]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read_images")
    try:
        for source in sources:
            future = pool.submit(_load, source, size, max_pixels, on_damaged)
            pending.append((source, future))
            if len(pending) == 2 * workers:
                source, future = pending.popleft()
                yield source, future.result()
        while pending:
            source, future = pending.popleft()
            yield source, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _load(
    source: ImageSource, size: tuple[int, int], max_pixels: int, on_damaged: str
) -> np.ndarray | ImageError:
    try:
        image = load_image(source, max_pixels=max_pixels, on_damaged=on_damaged)
        return mark(np.asarray(resize_image(np.asarray(image), size)), damage_of(image))
    except ImageError as error:
        # A caller who keeps the errors must not keep, through their tracebacks, the
        # images that were being decoded.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return error


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
