"""An image with its orientation applied: that of EXIF, or of XMP alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.images.color_modes import RgbPixels

_ORIENTATION_TAG = 0x0112

# What Pillow's `exif_transpose` does for each orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# An image is converted part by part: copies of all of it would need its memory again,
# and parts of this size stay in the processor's cache.
_PART_PIXELS = 400_000


class UprightImage:
    """An image of any mode as upright RGB, any part of it at a time.

    Args:
        image: a Pillow image, whose pixels are loaded if necessary, or uint8 (height,
            width, 3), which counts as upright.
        damage: what is missing of it.

    Attributes:
        height, width: size of the upright image.
        is_sideways: whether its rows are the columns of the file.
        damage: what is missing of it; empty if nothing is.

    Raises:
        ImageError: a Pillow image has values outside the range of its mode.
    """

    def __init__(self, image: Image.Image | np.ndarray, damage: str = "") -> None:
        self.damage = damage
        self._orientation = 1
        self._pixels: RgbPixels | np.ndarray
        if isinstance(image, np.ndarray):
            self._pixels = image
            self.height, self.width = image.shape[:2]
        else:
            self._pixels = RgbPixels(image)
            self.height, self.width = self._pixels.height, self._pixels.width
            # Only after decoding, which applies the orientation of a TIFF and removes
            # its tag.
            self._orientation = _orientation(image)
        self.is_sideways = self._orientation >= 5
        if self.is_sideways:
            self.height, self.width = self.width, self.height

    def part(self, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """Return the pixels of a rectangle, uint8 (bottom - top, right - left, 3)."""
        if isinstance(self._pixels, np.ndarray):
            return self._pixels[top:bottom, left:right]
        if self.is_sideways:
            left, top, right, bottom = top, left, bottom, right
        if self._orientation in (2, 3, 7, 8):
            left, right = self._pixels.width - right, self._pixels.width - left
        if self._orientation in (3, 4, 6, 7):
            top, bottom = self._pixels.height - bottom, self._pixels.height - top
        turn = _TURNS.get(self._orientation)
        return self._pixels.read((left, top, right, bottom), turn)

    def whole(self) -> np.ndarray:
        """Return all pixels, uint8 (height, width, 3), contiguous."""
        height, width = self.height, self.width
        if isinstance(self._pixels, np.ndarray):
            return np.ascontiguousarray(self._pixels)
        if height * width <= _PART_PIXELS:
            return self.part(0, height, 0, width)
        pixels = np.empty((height, width, 3), np.uint8)
        if self.is_sideways:
            columns = max(1, _PART_PIXELS // height)
            for left in range(0, width, columns):
                right = min(left + columns, width)
                pixels[:, left:right] = self.part(0, height, left, right)
        else:
            rows = max(1, _PART_PIXELS // width)
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                pixels[top:bottom] = self.part(top, bottom, 0, width)
        return pixels


def _orientation(image: Image.Image) -> int:
    try:
        found = int(_exif(image).get(_ORIENTATION_TAG, 1))
    # Unreadable camera data is no reason to refuse the image.
    except Exception:  # noqa: BLE001
        return 1
    return found if found in _TURNS else 1


def _exif(image: Image.Image) -> Any:
    # Where EXIF has no orientation, Pillow looks for one in XMP.
    if image.format == "AVIF":
        # The container has the orientation, which Pillow adds to EXIF: XMP is ignored,
        # as the format says.
        exif = Image.Exif()
        exif.load(image.info.get("exif") or b"")
        return exif
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        # The decoder turns it, and leaves EXIF as it was. A JPEG in it stays as it is.
        return {}
    return image.getexif()
