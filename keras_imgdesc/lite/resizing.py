"""Resizing as `keras_imgdesc.images.resize_image` does, without TensorFlow."""

import numpy as np


def stretch(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Stretch an image to a size, bit for bit as `keras_imgdesc.images.resize_image`.

    Bilinear with anti-aliasing, rounded to uint8. Pillow's filter differs in the last
    bit of a few pixels, which is enough to change a word of a caption.

    Args:
        image: uint8 (height, width, 3).
        size: (height, width), positive.

    Returns:
        uint8 (*size, 3).
    """
    if image.shape[:2] == tuple(size):
        return image
    height, width = size
    rows = _weigh(image, height)
    pixels = _weigh(rows.swapaxes(0, 1), width).swapaxes(0, 1)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _weigh(lines: np.ndarray, count: int) -> np.ndarray:
    """Return weighted sums of neighbouring lines, float32 (count, ...).

    Args:
        lines: (lines, ...).
        count: number of sums.
    """
    starts, weights = _spans(len(lines), count)
    sums = np.zeros((count, *lines.shape[1:]), np.float32)
    # The last bit depends on the order, which is that of `ScaleAndTranslate`.
    for i, weight in enumerate(weights):
        chosen = lines[np.minimum(starts + i, len(lines) - 1)].astype(np.float32)
        sums += chosen * weight.reshape(-1, *[1] * (lines.ndim - 1))
    return sums


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
