"""The colours of a flower, measured in its picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

COLOURS = ("red", "pink", "purple", "blue", "yellow", "orange", "white")
# A second colour must have so much of what is flower.
SECOND = 0.3
# Less of the middle than this and no petal was found.
LEAST = 0.04
_SIDE = 64


def petal_colours(image: np.ndarray) -> tuple[str, ...]:
    """Names the one or two colours that most of the flower has.

    A rough measurement: pixels of strong or very light colour that are not green count
    for petals, those in the middle more than those at the edge, and what the picture's
    border has as well counts half as much. It errs where the background has colours of
    its own, such as a blue sky.

    Args:
        image: uint8 RGB `(height, width, 3)`, the flower in the middle.

    Returns:
        Words of `COLOURS`, most frequent first; none where no petal was found.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.flowers import petal_colours
    >>> picture = np.full((64, 64, 3), (40, 110, 30), "uint8")
    >>> picture[16:48, 16:48] = (240, 210, 20)
    >>> petal_colours(picture)
    ('yellow',)
    """
    small = Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    shares = colour_shares(np.asarray(small))
    order = sorted(shares, key=lambda colour: (-shares[colour], COLOURS.index(colour)))
    first, second = order[:2]
    total = sum(shares.values())
    if shares[first] < LEAST:
        return ()
    if shares[second] > SECOND * total and shares[second] > LEAST:
        return first, second
    return (first,)


def colour_shares(pixels: np.ndarray) -> dict[str, float]:
    """How much of the middle of a picture has each colour, its border taken off.

    Args:
        pixels: uint8 RGB `(side, side, 3)`.
    """
    labels = name_colours(pixels)
    side = len(pixels)
    away = np.abs((np.arange(side) + 0.5) / side * 2 - 1)
    weights = np.exp(-(away[:, None] ** 2 + away**2) / (2 * 0.45**2))
    weights /= weights.sum()
    is_border = np.maximum(away[:, None], away) > 0.86
    shares = {}
    for index, colour in enumerate(COLOURS):
        has = labels == index
        middle, border = float(weights[has].sum()), float(has[is_border].mean())
        shares[colour] = max(0.0, middle - 0.5 * border)
    return shares


def name_colours(pixels: np.ndarray) -> np.ndarray:
    """A plain word for each pixel.

    Args:
        pixels: uint8 RGB `(rows, columns, 3)`.

    Returns:
        int `(rows, columns)`: an index into `COLOURS`, or -1 for what a petal seldom
        is: green, brown, grey and dark.
    """
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV"), np.float32)
    hue, saturation, value = np.moveaxis(hsv / 255, -1, 0)
    hue = hue * 360
    strong = saturation > 0.25
    rules = {
        "white": (saturation < 0.22) & (value > 0.63),
        "yellow": (hue >= 42) & (hue < 68) & (saturation > 0.45) & (value > 0.55),
        "orange": (hue >= 14) & (hue < 42) & (saturation > 0.6) & (value > 0.6),
        "blue": (hue >= 195) & (hue < 255) & strong & (value > 0.3),
        "purple": (hue >= 255) & (hue < 305) & strong & (value > 0.25)
        | (hue >= 305)
        & (hue < 335)
        & (saturation > 0.55)
        & (value < 0.6)
        & (value > 0.25),
        "red": ((hue >= 340) | (hue < 14)) & (saturation > 0.65) & (value > 0.35),
        "pink": (hue >= 305) & (saturation > 0.2) & (value > 0.45)
        | (hue < 25) & (saturation > 0.2) & (saturation < 0.6) & (value > 0.75),
    }
    labels = np.full(hue.shape, -1)
    # The first rule that holds.
    for colour in reversed(
        ("white", "yellow", "orange", "blue", "purple", "red", "pink")
    ):
        labels[rules[colour]] = COLOURS.index(colour)
    return labels
