"""The resize of the package, without TensorFlow."""

import numpy as np
from PIL import Image


def stretch(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Stretches a picture as `keras_imgdesc.images.resize_image` does.

    Bilinear with anti-aliasing in float32, rounded to uint8; Pillow's own filter for
    uint8 would round between its two passes.

    Args:
        image: uint8 (height, width, 3).
        size: (height, width).

    Returns:
        uint8 (*size, 3).
    """
    if image.shape[:2] == tuple(size):
        return image
    height, width = size
    channels = [
        Image.fromarray(channel).resize((width, height), Image.Resampling.BILINEAR)
        for channel in np.moveaxis(image.astype(np.float32), -1, 0)
    ]
    stretched = np.stack([np.asarray(c) for c in channels], axis=-1)
    return np.clip(np.rint(stretched), 0, 255).astype(np.uint8)
