"""The colours of a flower, measured in its image."""

from __future__ import annotations

import numpy as np
from PIL import Image

COLOURS = ("red", "pink", "purple", "blue", "yellow", "orange", "white")
# Smallest share of a second colour among all colours.
SECOND = 0.3
# Smallest share of the middle of the image that counts as petals.
LEAST = 0.04
_SIDE = 64


def petal_colours(image: np.ndarray) -> tuple[str, ...]:
    """Return the one or two main colours of a flower.

    This is a rough measurement. Pixels of strong or very light colour that are not
    green count as petals, those in the middle more than those near the edge, and half
    of a colour's share of the border is subtracted. It fails on colourful backgrounds
    such as a blue sky.

    Args:
        image: uint8 RGB `(height, width, 3)`, with the flower in the middle.

    Returns:
        Words of `COLOURS`, the most frequent first; empty if no petal was found.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.flowers import petal_colours
    >>> image = np.full((64, 64, 3), (40, 110, 30), "uint8")
    >>> image[16:48, 16:48] = (240, 210, 20)
    >>> petal_colours(image)
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
    """Return each colour's share of the middle, less half its share of the border.

    Args:
        pixels: uint8 RGB `(side, side, 3)`.

    Returns:
        Shares of at least 0, by colour.
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
    """Return the colour of each pixel.

    Args:
        pixels: uint8 RGB `(rows, columns, 3)`.

    Returns:
        int `(rows, columns)`: an index into `COLOURS`, or -1 for colours that petals
        seldom have: green, brown, grey and dark ones.
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
    # The first rule that holds wins, so it is applied last.
    for colour in reversed(
        ("white", "yellow", "orange", "blue", "purple", "red", "pink")
    ):
        labels[rules[colour]] = COLOURS.index(colour)
    return labels
