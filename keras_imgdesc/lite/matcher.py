"""A matcher without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.images import load_image
from keras_imgdesc.lite.resizing import stretch
from keras_imgdesc.lite.text_file import TextFile
from keras_imgdesc.text.checks import check_texts


class LiteMatcher(TextFile):
    """Score images with texts by a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file computes the f(I, D) of
    `ImageTextMatcher`. Not thread-safe.

    Args:
        path: the `.tflite` file.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        metadata: the metadata of the file.
        tokens: the vocabulary; the index of a token is its id.
        image_size: side of the square that images are stretched to, in pixels.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            matcher with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.

    Example:

        matcher = LiteMatcher("matcher.tflite")
        matcher.score(["photo.jpg"], ["a red bird", "a dog"])
    """

    def __init__(
        self, path: str | PathLike[str], num_threads: int | None = None
    ) -> None:
        super().__init__(path, num_threads, "ImageTextMatcher", "a matcher")
        self.image_size: int = self._shape("embed_image", "inputs", "image")[1]
        self._image = self._runner("embed_image")
        self._text = self._runner("embed_text")
        self._score = self._runner("score")

    def embed_image(self, image: Any) -> dict[str, np.ndarray]:
        """Embed an image.

        Args:
            image: a path, the bytes of a file, a Pillow image, or a uint8 array
                (height, width, 3).

        Returns:
            `vector` float32 (1, dim) and `regions` float32 (1, regions, dim).

        Raises:
            ImageError: the image cannot be read.
        """
        pixels = stretch(load_image(image), (self.image_size, self.image_size))
        return dict(self._image(image=pixels[None]))

    def embed_text(self, text: str) -> dict[str, np.ndarray]:
        """Embed a text.

        Returns:
            `vector` float32 (1, dim), `words` float32 (1, words, dim) and
            `padding_mask` float32 (1, words), 1 at words and 0 at padding.

        Raises:
            InputError: the text is empty.
        """
        return dict(self._text(token_ids=self.tokenize(text)))

    def score(self, images: Sequence[Any], texts: str | Sequence[str]) -> np.ndarray:
        """Return f(I, D), float32 (images, texts).

        Args:
            images: images as `embed_image` takes them.
            texts: one text or several.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no text, or one is empty.
        """
        embedded = [self.embed_text(text) for text in check_texts(texts)]
        out = np.empty((len(images), len(embedded)), np.float32)
        for row, image in enumerate(images):
            vectors = self.embed_image(image)
            for column, text in enumerate(embedded):
                outputs = self._score(
                    image_vector=vectors["vector"],
                    regions=vectors["regions"],
                    text_vector=text["vector"],
                    words=text["words"],
                    padding_mask=text["padding_mask"],
                )
                out[row, column] = outputs["score"][0]
        return out
