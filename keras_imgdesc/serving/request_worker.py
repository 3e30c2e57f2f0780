"""What a worker process does: it answers requests by its models."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.serving.answering import RequestAnswerer
from keras_imgdesc.serving.request import pack_answers, unpack_requests
from keras_imgdesc.serving.servables.servable import Servable

SAVED_MODEL = "SavedModel"


class RequestWorker:
    """Answer packed requests; `lite.worker` makes one in a process of its own.

    Args:
        models: dicts with the arguments of `make_servable`, `name` and `version`.
        most_rows: the largest number of instances in a request.
        max_batch: the largest number of rows that are computed at once.
        max_pixels: the largest number of pixels in an image.
    """

    target = f"{__name__}:RequestWorker"

    def __init__(
        self,
        models: list[dict[str, Any]],
        most_rows: int = 256,
        max_batch: int = 32,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        servables = {
            (model["name"], model["version"]): make_servable(
                model["kind"], model["path"], max_pixels, most_rows
            )
            for model in models
        }
        self._answerer = RequestAnswerer(servables, most_rows, max_batch)

    def __call__(self, source: bytes) -> dict[str, np.ndarray]:
        """Answer what `pack_requests` packed, packed by `pack_answers`."""
        answers = self._answerer.answer(unpack_requests(source))
        return pack_answers(answers, self._answerer.batches)


def make_servable(
    kind: str, path: str, max_pixels: int = MAX_PIXELS, most_images: int = 256
) -> Servable:
    """Load a model.

    Args:
        kind: `SAVED_MODEL`, or the task of a `.tflite` file.
        path: the folder of a version, or the file.
        max_pixels: the largest number of pixels in an image.
        most_images: the largest number of images that a painter paints at once.
    """
    if kind == SAVED_MODEL:
        from keras_imgdesc.serving.servables.saved_model import SavedModelServable

        return SavedModelServable(path, max_pixels)
    if kind == "ImageCaptioner":
        from keras_imgdesc.serving.servables.captioner import CaptionerServable

        return CaptionerServable(path, max_pixels)
    if kind == "ImageClassifier":
        from keras_imgdesc.serving.servables.classifier import ClassifierServable

        return ClassifierServable(path, max_pixels)
    if kind == "ImageTextMatcher":
        from keras_imgdesc.serving.servables.matcher import MatcherServable

        return MatcherServable(path, max_pixels)
    from keras_imgdesc.serving.servables.painter import PainterServable

    return PainterServable(path, most_images)
