"""A captioner in LiteRT, with the signatures of its SavedModel."""

from __future__ import annotations

from os import PathLike

import numpy as np

from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.lite.captioner import LiteCaptioner
from keras_imgdesc.serving.servables.lite_images import (
    ABOUT_IMAGES,
    LiteImages,
    stretched_arrays,
)
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec


class CaptionerServable:
    """Describe images: `serving_default` and `pixels`.

    Args:
        path: the `.tflite` file of a captioner.
        max_pixels: larger images are refused, see `load_image`.
    """

    gains_by_batches = False

    def __init__(self, path: str | PathLike[str], max_pixels: int = MAX_PIXELS) -> None:
        self._task = LiteCaptioner(path, num_threads=1)
        self._max_pixels = max_pixels
        attention = self._task.file.signatures["describe"]["outputs"]["attention"]
        self._map_shape = tuple(attention["shape"][1:])
        described = {
            "caption": TensorSpec("string", (None,)),
            "log_prob": TensorSpec("float32", (None,)),
            "attention": TensorSpec("float32", (None, *self._map_shape)),
        }
        self.signatures = {
            "serving_default": SignatureSpec(
                {"image_bytes": TensorSpec("string", (None,))},
                described | ABOUT_IMAGES,
            ),
            "pixels": SignatureSpec(
                {"image": TensorSpec("uint8", (None, None, None, 3))}, described
            ),
        }

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """See `Servable.run`."""
        size = self._task.image_size
        if signature == "pixels":
            outputs = self._blank(len(inputs["image"]))
            for index, pixels in enumerate(stretched_arrays(inputs["image"], size)):
                self._describe(pixels, index, outputs)
            return outputs
        images = LiteImages(inputs["image_bytes"], size, self._max_pixels)
        outputs = self._blank(len(images.errors))
        for index, pixels in images:
            self._describe(pixels, index, outputs)
        return outputs | images.about

    def _blank(self, count: int) -> Arrays:
        return {
            "caption": np.full(count, b"", object),
            "log_prob": np.zeros(count, np.float32),
            "attention": np.zeros((count, *self._map_shape), np.float32),
        }

    def _describe(self, pixels: np.ndarray, index: int, outputs: Arrays) -> None:
        caption = self._task.generate(pixels, return_attention=True)
        outputs["caption"][index] = caption.text.encode()
        outputs["log_prob"][index] = caption.log_prob
        outputs["attention"][index, : len(caption.attention)] = caption.attention
