"""Converting every colour mode of Pillow to RGB with eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops

from keras_imgdesc.errors import ImageError

_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


class RgbPixels:
    """The pixels of a Pillow image of any mode as RGB, any part of it at a time.

    Transparency becomes white. In a GIF it becomes black, as in TensorFlow's decoder,
    which every exported form uses. 16-bit values lose their low byte, as in libpng and
    therefore in TensorFlow. Pillow's modes "I" and "F" have no defined range: "I"
    counts as 8 bits if all values fit and as 16 bits otherwise, "F" as 0 to 1 or 0 to
    255.

    Args:
        image: the image; its pixels are loaded if necessary.

    Attributes:
        width, height: size of the image, without the EXIF orientation applied.

    Raises:
        ImageError: values of mode "I" or "F" are outside these ranges.
    """

    def __init__(self, image: Image.Image) -> None:
        image.load()
        self._image = image
        self.width, self.height = image.size
        self._divisor = _divisor(image)
        self._ground = "black" if image.format == "GIF" else "white"
        # Pillow inverts every CMYK JPEG, because Adobe's programs write them inverted.
        # One without Adobe's marker is not inverted, which has to be undone.
        self._is_inverted = (
            image.mode == "CMYK"
            and image.format == "JPEG"
            and "adobe" not in image.info
        )
        # Pillow turns the values of a TIFF whose white is 0, but not those of 16 bits.
        self._is_negative = (
            image.mode.startswith("I;16")
            and image.format == "TIFF"
            and _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO
        )

    def read(
        self, box: tuple[int, int, int, int], turn: Image.Transpose | None = None
    ) -> np.ndarray:
        """Return the pixels in a box.

        Args:
            box: left, top, right, bottom, in the image as it is stored.
            turn: what to do with the box then; None for nothing.

        Returns:
            uint8 (height, width, 3), contiguous.
        """
        part = self._image
        if box != (0, 0, self.width, self.height):
            part = part.crop(box)
        if self._is_inverted:
            part = ImageChops.invert(part)
        if self._is_negative:
            part = Image.fromarray(~np.asarray(part))
        if part.mode == "CMYK" and self._image.format == "JPEG":
            part = _printed(part)
        part = _to_rgb(part, self._divisor, self._ground)
        # In Pillow, a pixel is one machine word: four times as fast as in NumPy.
        if turn is not None:
            part = part.transpose(turn)
        # A copy: the array of Pillow is read-only.
        return np.array(part)


def _printed(image: Image.Image) -> Image.Image:
    """Return CMYK as RGB, rounded down as in TensorFlow; Pillow rounds to nearest."""
    white = 255 - np.asarray(image).astype(np.uint16)
    return Image.fromarray((white[..., :3] * white[..., 3:] // 255).astype(np.uint8))


def _tiff_tag(image: Any, tag: int) -> Any:
    return image.tag_v2.get(tag)


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


def _to_rgb(image: Image.Image, divisor: float, ground: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        grey = (values >> 8).astype(np.uint8)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            grey[values == transparent] = 255
        return Image.fromarray(grey).convert("RGB")
    if image.mode in ("I", "F"):
        numbers = np.asarray(image) / divisor
        # A 16-bit value loses its low byte, as above; 0.5 of 1 becomes 128.
        numbers = np.floor(numbers) if image.mode == "I" else np.rint(numbers)
        return Image.fromarray(numbers.astype(np.uint8)).convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        under = Image.new("RGB", image.size, ground)
        under.paste(image, mask=image)
        image = under
    return image if image.mode == "RGB" else image.convert("RGB")
