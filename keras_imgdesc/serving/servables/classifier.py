"""A classifier in LiteRT, with the signatures of its SavedModel."""

from __future__ import annotations

from os import PathLike

import numpy as np

from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.lite.classifier import LiteClassifier
from keras_imgdesc.serving.servables.lite_images import (
    ABOUT_IMAGES,
    LiteImages,
    stretched_arrays,
)
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec

# Classes in an answer, as in the SavedModel.
TOP = 5


class ClassifierServable:
    """Classify images: `serving_default`, `pixels` and `probabilities`.

    Args:
        path: the `.tflite` file of a classifier.
        max_pixels: larger images are refused, see `load_image`.
    """

    gains_by_batches = False

    def __init__(self, path: str | PathLike[str], max_pixels: int = MAX_PIXELS) -> None:
        self._task = LiteClassifier(path, num_threads=1)
        self._max_pixels = max_pixels
        self._labels = np.array([x.encode() for x in self._task.labels], object)
        self._top = min(TOP, len(self._labels))
        files = {"image_bytes": TensorSpec("string", (None,))}
        best = {
            "label": TensorSpec("string", (None, self._top)),
            "probability": TensorSpec("float32", (None, self._top)),
        }
        every = {"probability": TensorSpec("float32", (None, len(self._labels)))}
        image = {"image": TensorSpec("uint8", (None, None, None, 3))}
        self.signatures = {
            "serving_default": SignatureSpec(files, best | ABOUT_IMAGES),
            "pixels": SignatureSpec(image, best),
            "probabilities": SignatureSpec(files, every | ABOUT_IMAGES),
        }

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """See `Servable.run`."""
        size = self._task.image_size
        if signature == "pixels":
            images = stretched_arrays(inputs["image"], size)
            return self._best(
                np.stack([self._task.probabilities(pixels) for pixels in images])
            )
        files = LiteImages(inputs["image_bytes"], size, self._max_pixels)
        found = np.zeros((len(files.errors), len(self._labels)), np.float32)
        for index, pixels in files:
            found[index] = self._task.probabilities(pixels)
        if signature == "probabilities":
            return {"probability": found} | files.about
        outputs = self._best(found)
        outputs["label"][files.errors != b""] = b""
        return outputs | files.about

    def _best(self, probabilities: np.ndarray) -> Arrays:
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self._top]
        return {
            "label": self._labels[order],
            "probability": np.take_along_axis(probabilities, order, axis=1),
        }
