"""Plain, gradient and textured backgrounds in muted tones."""

from __future__ import annotations

import numpy as np

KINDS = ("plain", "gradient", "stripes", "checks", "noise")
# Slightly tinted greys, far from white, black and all saturated colours.
LIGHTNESS = (105, 175)
TINT = 16
GRAIN = 9


def draw_background(
    generator: np.random.Generator, size: int, kind: str | None = None
) -> np.ndarray:
    """Draw a background.

    Args:
        generator: source of all randomness.
        size: side in pixels.
        kind: one of `KINDS`; None chooses one at random.

    Returns:
        float32 RGB `(size, size, 3)`, about 90 to 190, with noise slightly beyond.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes.backgrounds import draw_background
    >>> draw_background(np.random.default_rng(0), 96, "checks").shape
    (96, 96, 3)
    """
    if kind is None:
        kind = KINDS[generator.integers(len(KINDS))]
    tones = generator.uniform(*LIGHTNESS, (2, 1)) + generator.uniform(
        -TINT, TINT, (2, 3)
    )
    first, second = tones.astype(np.float32)
    if kind == "plain":
        return np.broadcast_to(first, (size, size, 3)).copy()
    if kind == "noise":
        grain = generator.normal(0, GRAIN, (size, size, 1)).astype(np.float32)
        return first + grain
    angle, waves = generator.uniform((0, 4), (2 * np.pi, 9)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    steps = np.arange(size, dtype=np.float32) / size
    along = steps * cos + steps[:, None] * sin
    if kind == "gradient":
        share = (along - along.min()) / np.ptp(along)
    elif kind == "stripes":
        share = 0.25 + 0.25 * np.sin(2 * np.pi * waves * along)
    else:
        across = steps[:, None] * cos - steps * sin
        fields = np.sin(2 * np.pi * waves * along) * np.sin(2 * np.pi * waves * across)
        share = np.where(fields > 0, np.float32(0.5), np.float32(0))
    return first + (second - first) * share[..., None]
