"""Every colour mode of Pillow to RGB with eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops

from keras_imgdesc.errors import ImageError

# Conversion goes strip by strip: a copy in between (RGBA, then a white ground) of
# a large picture would need as much memory again as the picture itself.
_STRIP_PIXELS = 4_000_000


def to_rgb(image: Image.Image) -> np.ndarray:
    """Turns a Pillow image of any mode into RGB, transparency becoming white.

    Of a GIF it becomes black: TensorFlow's decoder, which every exported form reads
    with, knows no other. 16-bit values lose their low byte, as libpng does it and
    TensorFlow with it. Pillow's modes "I" and "F" have no range of their own: "I" is
    taken as 8 bits if all values fit and as 16 bits otherwise, "F" as 0 to 1 or 0 to
    255.

    Args:
        image: an image; its pixels are loaded if they are not yet.

    Returns:
        uint8 (height, width, 3), not turned by the EXIF orientation.

    Raises:
        ImageError: values of mode "I" or "F" outside of these ranges.
    """
    image.load()
    # Pillow inverts every CMYK JPEG, as Adobe's programs write them inverted. One
    # without Adobe's marker is not, and has to be turned back.
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)
    divisor = _divisor(image)
    ground = "black" if image.format == "GIF" else "white"
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    if rows >= height:
        return _strip_to_rgb(image, divisor, ground)
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = image.crop((0, top, width, bottom))
        rgb[top:bottom] = _strip_to_rgb(strip, divisor, ground)
    return rgb


def _divisor(image: Image.Image) -> float:
    """What numbers of modes "I" and "F" are divided by to become 8-bit ones."""
    if image.mode not in ("I", "F"):
        return 1
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise ImageError(
            "Pixels must be finite numbers", "Replace them first", mode=image.mode
        )
    extrema: Any = image.getextrema()
    low, high = extrema
    limits = {255: 1.0, 65535: 256.0} if image.mode == "I" else {1: 1 / 255, 255: 1.0}
    for limit, divisor in limits.items():
        if low >= 0 and high <= limit:
            return divisor
    tops = " or ".join(map(str, limits))
    raise ImageError(
        f"Pixels of mode {image.mode!r} must be from 0 to {tops}",
        "Convert the picture to eight bits first",
        lowest=low,
        highest=high,
    )


def _strip_to_rgb(image: Image.Image, divisor: float, ground: str) -> np.ndarray:
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        grey = (values >> 8).astype(np.uint8)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            grey[values == transparent] = 255
        return np.stack([grey] * 3, axis=-1)
    if image.mode in ("I", "F"):
        numbers = np.asarray(image) / divisor
        # A 16-bit number loses its low byte here as above; 0.5 of 1 is 128.
        numbers = np.floor(numbers) if image.mode == "I" else np.rint(numbers)
        return np.stack([numbers.astype(np.uint8)] * 3, axis=-1)
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        under = Image.new("RGB", image.size, ground)
        under.paste(image, mask=image)
        image = under
    if image.mode != "RGB":
        image = image.convert("RGB")
    # A copy: what Pillow hands out may not be written to.
    return np.array(image)
