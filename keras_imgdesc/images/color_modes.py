"""Converting every colour mode of Pillow to RGB with eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops

from keras_imgdesc.errors import ImageError

# Conversion goes strip by strip: an intermediate copy of a large image (RGBA, then a
# white background) would need as much memory again as the image itself.
_STRIP_PIXELS = 4_000_000


def to_rgb(image: Image.Image) -> np.ndarray:
    """Convert a Pillow image of any mode to RGB; transparency becomes white.

    In a GIF it becomes black, as in TensorFlow's decoder, which every exported form
    uses. 16-bit values lose their low byte, as in libpng and therefore in TensorFlow.
    Pillow's modes "I" and "F" have no defined range: "I" counts as 8 bits if all
    values fit and as 16 bits otherwise, "F" as 0 to 1 or 0 to 255.

    Args:
        image: the image; its pixels are loaded if necessary.

    Returns:
        uint8 (height, width, 3), without the EXIF orientation applied.

    Raises:
        ImageError: values of mode "I" or "F" are outside these ranges.
    """
    image.load()
    # Pillow inverts every CMYK JPEG, because Adobe's programs write them inverted. One
    # without Adobe's marker is not inverted, which has to be undone.
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
    """Return the divisor that makes values of the modes "I" and "F" 8-bit values."""
    if image.mode not in ("I", "F"):
        return 1
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise ImageError(
            "Pixels must be finite numbers",
            "Replace NaN and infinity first",
            mode=image.mode,
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
        "Convert the image to eight bits first",
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
        # A 16-bit value loses its low byte, as above; 0.5 of 1 becomes 128.
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
    # A copy: the array of Pillow is read-only.
    return np.array(image)
