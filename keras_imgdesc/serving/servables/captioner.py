"""A captioner in LiteRT, with the signatures of its SavedModel."""

from __future__ import annotations

from os import PathLike

import numpy as np

from keras_imgdesc.images.file_formats import MAX_PIXELS
from keras_imgdesc.lite.caption_scoring import CaptionScorer
from keras_imgdesc.lite.captioner import LiteCaptioner
from keras_imgdesc.serving.rest_error import invalid
from keras_imgdesc.serving.servables.lite_images import (
    ABOUT_IMAGES,
    LiteImages,
    stretched_arrays,
)
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec

UNKNOWN_WORDS = (
    "A caption must have a word that the captioner knows. Use words that it was "
    "trained on."
)


class CaptionerServable:
    """Describe images: `serving_default`, `pixels` and `score`.

    Args:
        path: the `.tflite` file of a captioner.
        max_pixels: larger images are refused, see `load_image`.
    """

    gains_by_batches = False

    def __init__(self, path: str | PathLike[str], max_pixels: int = MAX_PIXELS) -> None:
        self._task = LiteCaptioner(path, num_threads=1)
        self._scorer = CaptionScorer(self._task)
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
            "score": SignatureSpec(
                {
                    "image_bytes": TensorSpec("string", (None,)),
                    "caption": TensorSpec("string", (None,)),
                },
                {
                    "log_prob": TensorSpec("float32", (None,)),
                    "token_log_probs": TensorSpec("float32", (None, None)),
                    **ABOUT_IMAGES,
                    "unknown_words": TensorSpec("string", (None,)),
                },
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
        if signature == "score":
            return self._score(inputs["image_bytes"], inputs["caption"])
        images = LiteImages(inputs["image_bytes"], size, self._max_pixels)
        outputs = self._blank(len(images.errors))
        for index, pixels in images:
            self._describe(pixels, index, outputs)
        return outputs | images.about

    def _score(self, image_bytes: np.ndarray, caption: np.ndarray) -> Arrays:
        if len(image_bytes) != len(caption):
            raise invalid("score takes one caption per image")
        images = LiteImages(image_bytes, self._task.image_size, self._max_pixels)
        scorer = self._scorer
        texts = [text.decode("utf-8", "replace") for text in caption]
        read = [scorer.read(text) for text in texts]
        longest = max(len(each.token_ids) for each in read)
        found = np.zeros((len(read), longest), np.float32)
        for index, pixels in images:
            ids, unknown, count = read[index]
            if unknown and len(unknown) == count:
                images.errors[index] = UNKNOWN_WORDS.encode()
            elif count > scorer.most_words:
                reason = f"The caption has more than {scorer.most_words} words"
                images.errors[index] = reason.encode()
            else:
                found[index, : len(ids)] = scorer.score(pixels, ids)
        return {
            "log_prob": found.sum(axis=1),
            "token_log_probs": found,
            **images.about,
            "unknown_words": np.array(
                [" ".join(each.unknown).encode() for each in read], object
            ),
        }

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
