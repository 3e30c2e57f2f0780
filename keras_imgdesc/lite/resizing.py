"""Resizing as `keras_imgdesc.images.resize_image` does, without TensorFlow."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.images.loading import ImageSource, open_upright
from keras_imgdesc.images.upright import UprightImage

# Numbers that are weighed at a time: they stay in the processor's cache.
_BLOCK = 1 << 16
# Columns of a photograph that lies on its side, which are read at a time.
_COLUMNS = 96


def read_stretched(
    source: ImageSource, size: tuple[int, int], *, max_pixels: int = MAX_PIXELS
) -> tuple[np.ndarray, str]:
    """Load an image and stretch it: `stretch(load_image(source), size)` in less memory.

    Args:
        source, max_pixels: as in `load_image`.
        size: (height, width), positive.

    Returns:
        uint8 (*size, 3), contiguous, and what is missing of the image, see
        `report_damage`.

    Raises:
        ImageError: the image cannot be read.
    """
    image = open_upright(source, max_pixels=max_pixels)
    return _stretch(image, size), image.damage


def stretch(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Stretch an image to a size, bit for bit as `keras_imgdesc.images.resize_image`.

    Bilinear with anti-aliasing, rounded to uint8. Pillow's filter differs in the last
    bit of a few pixels, which is enough to change a word of a caption.

    Args:
        image: uint8 (height, width, 3).
        size: (height, width), positive.

    Returns:
        uint8 (*size, 3), contiguous.
    """
    return _stretch(UprightImage(image), size)


def _stretch(image: UprightImage, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    if (image.height, image.width) == (height, width):
        return image.whole()
    # Its columns are the lines that are weighed next.
    columns = np.empty((image.width, height, 3), np.float32)
    if image.is_sideways:
        for left in range(0, image.width, _COLUMNS):
            right = min(left + _COLUMNS, image.width)
            part = image.part(0, image.height, left, right)
            columns[left:right] = _weigh(part, height).swapaxes(0, 1)
    else:
        starts, weights = _spans(image.height, height)
        rows = max(1, _BLOCK // (3 * image.width))
        for first in range(0, height, rows):
            last = min(first + rows, height)
            top = int(starts[first])
            bottom = min(int(starts[last - 1]) + len(weights), image.height)
            part = image.part(top, bottom, 0, image.width)
            columns[:, first:last] = _sums(
                part, starts[first:last] - top, weights[:, first:last]
            ).swapaxes(0, 1)
    pixels = _weigh(columns, width)
    np.rint(pixels, out=pixels)
    np.clip(pixels, 0, 255, out=pixels)
    return np.ascontiguousarray(pixels.astype(np.uint8).swapaxes(0, 1))


def _weigh(lines: np.ndarray, count: int) -> np.ndarray:
    """Return weighted sums of neighbouring lines, float32 (count, ...).

    Args:
        lines: (lines, ...).
        count: number of sums.
    """
    starts, weights = _spans(len(lines), count)
    rows = max(1, _BLOCK * len(lines) // lines.size)
    sums = np.empty((count, *lines.shape[1:]), np.float32)
    for first in range(0, count, rows):
        span = slice(first, first + rows)
        sums[span] = _sums(lines, starts[span], weights[:, span])
    return sums


def _sums(lines: np.ndarray, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted sums of neighbouring lines, float32 (sums, ...).

    Args:
        lines: (lines, ...).
        starts: the first line of each sum, (sums,).
        weights: (longest, sums); a line behind the last has the weight 0.
    """
    flat = lines.reshape(len(lines), -1)
    chosen = np.empty((len(starts), flat.shape[1]), flat.dtype)
    weighted = np.empty(chosen.shape, np.float32)
    sums = np.zeros(chosen.shape, np.float32)
    # The last bit depends on the order, which is that of `ScaleAndTranslate`.
    for i, weight in enumerate(weights):
        # Clipped: without it, NumPy would copy once more, in order to fail cleanly.
        np.take(flat, starts + i, axis=0, out=chosen, mode="clip")
        np.multiply(chosen, weight[:, None], out=weighted)
        sums += weighted
    return sums.reshape(len(starts), *lines.shape[1:])


@lru_cache(16)
def _spans(given: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first line of each sum, (count,), and weights, (longest, count)."""
    one, half = np.float32(1), np.float32(0.5)
    distance = one / (np.float32(count) / np.float32(given))
    radius = max(distance, one)
    centers = (np.arange(count, dtype=np.float32) + half) * distance
    last = given - 1
    starts = np.clip(np.ceil(centers - radius - half), 0, last).astype(int)
    ends = np.clip(np.floor(centers + radius - half), 0, last).astype(int) + 1
    places = starts + np.arange((ends - starts).max())[:, None]
    away = np.abs((places.astype(np.float32) + half - centers) * (one / radius))
    weights = np.where((away < 1) & (places < ends), one - away, np.float32(0))
    totals = np.zeros(count, np.float32)
    for weight in weights:
        totals += weight
    return starts, weights * (one / totals)
