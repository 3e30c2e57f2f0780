"""Reading many images in threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.images.loading import ImageSource, load_image
from keras_imgdesc.images.resizing import check_image_size, resize_image

Source = TypeVar("Source", bound=ImageSource)


def read_images(
    sources: Iterable[Source],
    image_size: int | tuple[int, int],
    workers: int = 2,
    *,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[tuple[Source, np.ndarray | ImageError]]:
    """Load and resize images in threads, and yield them in order.

    At most `2 * workers` sources are read ahead, of which `workers` are in memory at
    full size. `sources` may be endless. Closing the iterator stops the threads.

    Args:
        sources: inputs of `load_image`, of any mixture of kinds.
        image_size: (height, width) in pixels, or one number for both.
        workers: number of threads that decode.
        max_pixels: see `load_image`.

    Yields:
        `(source, image)` with a uint8 image (height, width, 3), or `(source,
        ImageError)` for a source that cannot be read. The error is not raised: the
        other sources are still read.

    Raises:
        InputError: `image_size` or `workers` is not positive. Raised by the call.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.images import read_images
    >>> for source, image in read_images([np.zeros((9, 9), "uint8"), b"broken"], 4):
    ...     print(type(image).__name__)
    ndarray
    ImageError
    """
    size = check_image_size(image_size)
    if workers < 1:
        raise InputError("`workers` must be at least 1", "Use 2", workers=workers)
    return _read(sources, size, workers, max_pixels)


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


def _read(
    sources: Iterable[Source], size: tuple[int, int], workers: int, max_pixels: int
) -> Iterator[tuple[Source, np.ndarray | ImageError]]:
    pending: deque[tuple[Source, Future[np.ndarray | ImageError]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read_images")
    try:
        for source in sources:
            pending.append((source, pool.submit(_load, source, size, max_pixels)))
            if len(pending) == 2 * workers:
                source, future = pending.popleft()
                yield source, future.result()
        while pending:
            source, future = pending.popleft()
            yield source, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _load(
    source: ImageSource, size: tuple[int, int], max_pixels: int
) -> np.ndarray | ImageError:
    try:
        return resize_image(load_image(source, max_pixels=max_pixels), size)
    except ImageError as error:
        # A caller who keeps the errors must not keep, through their tracebacks, the
        # images that were being decoded.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return error
