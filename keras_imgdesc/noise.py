"""Standard normal noise from a seed, the same in every runtime.

Threefry-2x32 with 20 rounds maps a seed, the number of an image and a position to two
32-bit words; the Box-Muller transform maps these to two normal values. It needs only
additions, rotations and exclusive ors: NumPy, a TensorFlow graph and a web page compute
the same words bit for bit, and the same values up to the last bit of float64.

Reference:
    Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
    https://doi.org/10.1145/2063384.2063405
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError

MOST_IMAGES = 10_000
SEEDS = 1 << 63

_WORD = (1 << 32) - 1
_PARITY = 0x1BD11BDA
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_GROUPS = 5


def threefry(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Any, Any]:
    """Compute Threefry-2x32 with 20 rounds.

    Args:
        key, counter: integers from 0 to 2**32 - 1: Python integers, or int64 arrays or
            tensors whose shapes broadcast.

    Returns:
        Two words of the same kind and range.

    Example:

    >>> from keras_imgdesc.noise import threefry
    >>> [hex(word) for word in threefry((0, 0), (0, 0))]
    ['0x6b200159', '0x99ba4efe']
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    x, y = (counter[0] + keys[0]) & _WORD, (counter[1] + keys[1]) & _WORD
    for group in range(_GROUPS):
        for bits in _ROTATIONS[group % 2]:
            x = (x + y) & _WORD
            # Tensors have no shift operator.
            y = ((y * (1 << bits)) & _WORD) | (y // (1 << (32 - bits)))
            y = y ^ x
        x = (x + keys[(group + 1) % 3]) & _WORD
        y = (y + keys[(group + 2) % 3] + (group + 1)) & _WORD
    return x, y


def normal_pairs(
    key: tuple[Any, Any],
    counter: tuple[Any, Any],
    functions: Any,
    to_float64: Callable[[Any], Any],
) -> tuple[Any, Any]:
    """Return two standard normal values for each counter.

    Args:
        key, counter: see `threefry`.
        functions: module with `log`, `sqrt`, `cos` and `sin`: `numpy` or
            `tensorflow.math`.
        to_float64: function that converts integers to float64.

    Returns:
        Two float64 values, arrays or tensors of the shape of the words.
    """
    first, second = threefry(key, counter)
    # Never the logarithm of zero.
    share = (to_float64(first) + 1.0) * 2.0**-32
    radius = functions.sqrt(-2.0 * functions.log(share))
    angle = to_float64(second) * (math.pi * 2.0**-31)
    return radius * functions.cos(angle), radius * functions.sin(angle)


def draw_normal(count: int, width: int, seed: int) -> np.ndarray:
    """Draw standard normal noise.

    A value depends only on the seed, its row and its column: drawing fewer rows gives
    the first of them.

    Args:
        count: number of rows.
        width: number of columns.
        seed: integer from 0 to 2**63 - 1.

    Returns:
        float32 (count, width).

    Raises:
        InputError: the seed is out of range.

    Example:

    >>> from keras_imgdesc.noise import draw_normal
    >>> draw_normal(2, 3, seed=0).round(3)
    array([[-1.065, -0.779,  0.584],
           [ 0.032, -1.52 ,  0.211]], dtype=float32)
    """
    if not 0 <= seed < SEEDS:
        raise InputError("A seed must be from 0 to 2**63 - 1", "Use 0", seed=seed)
    rows = np.arange(count, dtype=np.int64)[:, None]
    pairs = np.arange((width + 1) // 2, dtype=np.int64)[None]
    key = int(seed) & _WORD, int(seed) >> 32
    values = normal_pairs(key, (rows, pairs), np, np.float64)
    return np.stack(values, axis=-1).reshape(count, -1)[:, :width].astype(np.float32)


def noise_scale(temperature: float | None, default: float) -> float:
    """Return the factor on the noise that makes a painter paint at a temperature.

    Args:
        temperature: scale of standard normal noise, from 0 to 10; None means
            `default`.
        default: the scale that the generator applies itself.

    Raises:
        InputError: `temperature` is out of range.

    Example:

    >>> from keras_imgdesc.noise import noise_scale
    >>> noise_scale(1.0, default=0.5), noise_scale(None, default=0.5)
    (2.0, 1.0)
    """
    if temperature is None:
        return 1.0
    if not 0 <= temperature <= 10:
        raise InputError(
            "temperature must be from 0 to 10",
            "Use a value between 0.5 and 1, or None for the generator's own",
            temperature=temperature,
        )
    return temperature / default


def image_noise(
    num_texts: int,
    num_images: int,
    width: int,
    seed: int,
    scale: float = 1.0,
    noise: np.ndarray | None = None,
) -> np.ndarray:
    """Return the noise of a painter's images; that of one text is contiguous.

    Args:
        num_texts: number of texts.
        num_images: number of images per text, from 1 to 10,000.
        width: number of noise values per image.
        seed: seed of the noise, from 0 to 2**63 - 1.
        scale: factor on the noise, see `noise_scale`.
        noise: float (num_texts * num_images, width), instead of drawn noise.

    Returns:
        float32 (num_texts * num_images, width).

    Raises:
        InputError: a number is out of range, or the noise has another shape.

    Example:

    >>> from keras_imgdesc.noise import image_noise
    >>> image_noise(num_texts=2, num_images=3, width=5, seed=0).shape
    (6, 5)
    """
    if not 1 <= num_images <= MOST_IMAGES:
        raise InputError(
            f"num_images must be from 1 to {MOST_IMAGES}",
            "Paint fewer at a time, with another seed each time",
            num_images=num_images,
        )
    count = num_texts * num_images
    if noise is None:
        noise = draw_normal(count, width, seed)
    noise = np.asarray(noise, np.float32)
    if noise.shape != (count, width):
        raise InputError(
            "There must be one row of noise for each image",
            f"Pass float {(count, width)}, or a seed",
            shape=noise.shape,
        )
    return noise * np.float32(scale)


def check_steps(steps: int) -> None:
    """Refuse a number of images of an interpolation that is out of range.

    Raises:
        InputError: `steps` is not from 2 to 10,000.
    """
    if not 2 <= steps <= MOST_IMAGES:
        raise InputError(f"steps must be from 2 to {MOST_IMAGES}", "Use 8", steps=steps)


def interpolated_noise(
    steps: int, width: int, seed: int, same_noise: bool = False
) -> np.ndarray:
    """Return noise on a circle from one draw to another, so that its length is typical.

    Args:
        steps: number of images, both ends included.
        width: number of noise values per image.
        seed: seed of the noise at both ends.
        same_noise: whether all images have the noise of the first.

    Returns:
        float32 (steps, width).

    Example:

    >>> from keras_imgdesc.noise import interpolated_noise
    >>> interpolated_noise(steps=4, width=5, seed=0).shape
    (4, 5)
    """
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    first, last = draw_normal(2, width, seed)
    angle = share * (0.0 if same_noise else np.pi / 2)
    found: np.ndarray = np.cos(angle) * first + np.sin(angle) * last
    return found
