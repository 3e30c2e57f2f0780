"""A painter in LiteRT, with the signatures of its SavedModel."""

from __future__ import annotations

import io
from os import PathLike

import numpy as np
from PIL import Image

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.painter import LitePainter
from keras_imgdesc.noise import SEEDS, draw_normal
from keras_imgdesc.serving.rest_error import invalid
from keras_imgdesc.serving.servables.lite_texts import NO_TEXTS, LiteTexts
from keras_imgdesc.serving.servables.servable import Arrays
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec
from keras_imgdesc.text.checks import accepted_unknown_words

UNEQUAL = "There must be one seed, or one row of noise, for each text"


class PainterServable:
    """Paint texts: `serving_default`, `paint_one`, `paint_noise` and `paint`.

    Args:
        path: the `.tflite` file of a painter.
        most_images: the largest number of images in an answer.
    """

    gains_by_batches = False

    def __init__(self, path: str | PathLike[str], most_images: int = 1000) -> None:
        self._task = LitePainter(path, num_threads=1)
        self._most_images = most_images
        strings = TensorSpec("string", (None,))
        size = (self._task.resolution, self._task.resolution, 3)
        self._shape = size
        text = {"text": strings}
        about = {"error": strings, "unknown_words": strings}
        one = {
            "image_bytes": strings,
            "pixels": TensorSpec("uint8", (None, *size)),
        } | about
        several = {
            "image_bytes": TensorSpec("string", (None, None)),
            "pixels": TensorSpec("uint8", (None, None, *size)),
        } | about
        noise = TensorSpec("float32", (None, self._task.latent_dim))
        scalars = {
            "seed": TensorSpec("int64", ()),
            "num_images": TensorSpec("int32", ()),
        }
        self.signatures = {
            "serving_default": SignatureSpec(text, one),
            "paint_one": SignatureSpec(
                text | {"seed": TensorSpec("int64", (None,))}, one
            ),
            "paint_noise": SignatureSpec(text | {"noise": noise}, one),
            "paint": SignatureSpec(text | scalars, several),
        }

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """See `Servable.run`."""
        if not len(inputs["text"]):
            raise invalid(NO_TEXTS)
        texts = LiteTexts(self._task, inputs["text"])
        count, width = len(texts.texts), self._task.latent_dim
        if signature == "paint":
            each = int(inputs["num_images"])
            if not 1 <= each * count <= self._most_images or each < 1:
                raise invalid(
                    f"num_images must be from 1 to {self._most_images}, for all texts "
                    "together"
                )
            noise = _drawn(count * each, width, int(inputs["seed"]))
            painted = self._paint(texts, noise, each)
            images = painted["image_bytes"]
            return painted | {
                "image_bytes": images.reshape(count, each),
                "pixels": painted["pixels"].reshape(count, each, *self._shape),
            }
        if signature == "paint_one":
            noise = _of_seeds(inputs["seed"], width)
        elif signature == "paint_noise":
            noise = inputs["noise"]
        else:
            noise = np.repeat(_drawn(1, width, 0), count, axis=0)
        if len(noise) != count:
            raise invalid(UNEQUAL)
        if not np.isfinite(noise).all():
            raise invalid("Noise must be finite")
        return self._paint(texts, noise, 1)

    def _paint(self, texts: LiteTexts, noise: np.ndarray, each: int) -> Arrays:
        count = len(noise)
        files = np.full(count, b"", object)
        pixels = np.zeros((count, *self._shape), np.uint8)
        for row in range(count):
            index = row // each
            if texts.errors[index]:
                continue
            with accepted_unknown_words():
                (pixels[row],) = self._task.generate(
                    texts.texts[index], noise=noise[row : row + 1]
                )
            files[row] = _png(pixels[row])
        return {
            "image_bytes": files,
            "pixels": pixels,
            "error": texts.errors,
            "unknown_words": texts.unknown_words,
        }


def _of_seeds(seeds: np.ndarray, width: int) -> np.ndarray:
    rows = [_drawn(1, width, seed)[0] for seed in seeds.tolist()]
    return np.array(rows, np.float32).reshape(len(rows), width)


def _drawn(count: int, width: int, seed: int) -> np.ndarray:
    if not 0 <= seed < SEEDS:
        raise invalid("A seed is from 0 to 2**63 - 1")
    try:
        return draw_normal(count, width, seed)
    except InputError as error:
        raise invalid(error) from None


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
