"""Normal noise that every runtime draws alike, from a seed.

Threefry-2x32 of 20 rounds makes two words of 32 bits of a seed, a picture's number and
a place; Box and Muller's formula makes two normal values of them. It needs additions,
rotations and exclusive ors alone, so that NumPy, a TensorFlow graph and a web page
have the same words bit for bit, and the same values but for the last bit of float64.

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
    """Threefry-2x32 of 20 rounds.

    Args:
        key, counter: integers from 0 to 2**32 - 1, as Python's own, or as int64 arrays
            or tensors whose shapes go together.

    Returns:
        Two words, of the same kind and range.

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
            # Tensors have no operator for shifts.
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
    """Two standard normal values for each counter, float64.

    Args:
        key, counter: see `threefry`.
        functions: has `log`, `sqrt`, `cos` and `sin`: `numpy`, or `tensorflow.math`.
        to_float64: changes the type.
    """
    first, second = threefry(key, counter)
    # Never the logarithm of zero.
    share = (to_float64(first) + 1.0) * 2.0**-32
    radius = functions.sqrt(-2.0 * functions.log(share))
    angle = to_float64(second) * (math.pi * 2.0**-31)
    return radius * functions.cos(angle), radius * functions.sin(angle)


def draw_normal(count: int, width: int, seed: int) -> np.ndarray:
    """Standard normal noise.

    A value depends on the seed, its row and its column alone: fewer rows are the first
    of more.

    Args:
        count, width: of rows and columns.
        seed: from 0 to 2**63 - 1.

    Returns:
        float32 (count, width).

    Raises:
        InputError: the seed is out of its range.

    Example:

    >>> from keras_imgdesc.noise import draw_normal
    >>> draw_normal(2, 3, seed=0).round(3)
    array([[-1.065, -0.779,  0.584],
           [ 0.032, -1.52 ,  0.211]], dtype=float32)
    """
    if not 0 <= seed < SEEDS:
        raise InputError("A seed is from 0 to 2**63 - 1", "Use 0", seed=seed)
    rows = np.arange(count, dtype=np.int64)[:, None]
    pairs = np.arange((width + 1) // 2, dtype=np.int64)[None]
    key = int(seed) & _WORD, int(seed) >> 32
    values = normal_pairs(key, (rows, pairs), np, np.float64)
    return np.stack(values, axis=-1).reshape(count, -1)[:, :width].astype(np.float32)


def picture_noise(
    texts: int,
    num_images: int,
    width: int,
    seed: int,
    truncation: float,
    noise: np.ndarray | None,
) -> np.ndarray:
    """The noise of a painter's pictures, that of a text's pictures in a row.

    Args:
        texts, num_images: texts, and pictures of each.
        width: of the noise of a picture.
        seed: of the noise.
        truncation: it is multiplied by this.
        noise: float (texts * num_images, width), in the place of a drawn one.

    Returns:
        float32 (texts * num_images, width).

    Raises:
        InputError: a number is out of its range, or the noise is of another shape.
    """
    if not 1 <= num_images <= MOST_IMAGES:
        raise InputError(
            f"num_images must be from 1 to {MOST_IMAGES}",
            "Ask for fewer, several times with another seed",
            num_images=num_images,
        )
    if not 0 <= truncation <= 10:
        raise InputError(
            "truncation must be from 0 to 10", "Use 1", truncation=truncation
        )
    count = texts * num_images
    if noise is None:
        noise = draw_normal(count, width, seed)
    noise = np.asarray(noise, np.float32)
    if noise.shape != (count, width):
        raise InputError(
            "There must be noise for each picture",
            f"Pass float {(count, width)}, or a seed",
            shape=noise.shape,
        )
    return noise * np.float32(truncation)
