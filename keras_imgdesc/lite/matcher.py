"""A matcher that needs no TensorFlow."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.images import load_image
from keras_imgdesc.lite.resizing import stretch
from keras_imgdesc.lite.text_file import TextFile


class LiteMatcher(TextFile):
    """Scores pictures and texts with a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file gives the f(I, D) of
    `ImageTextMatcher`. Not to be used by several threads at once.

    Args:
        path: the `.tflite` file.
        num_threads: of the interpreter; None lets it choose.

    Attributes:
        metadata: what the file says of itself.
        tokens: the vocabulary; the place of a token is its id.
        image_size: side of the square that pictures are stretched to, in pixels.

    Raises:
        InputError: there is no file, it was not written by `export_tflite` of a
            matcher with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.
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
        """`vector` float32 (1, dim) and `regions` (1, regions, dim) of a picture.

        Args:
            image: a path, bytes, a Pillow image or a uint8 array.

        Raises:
            ImageError: the picture cannot be read.
        """
        pixels = stretch(load_image(image), (self.image_size, self.image_size))
        return dict(self._image(image=pixels[None]))

    def embed_text(self, text: str) -> dict[str, np.ndarray]:
        """`vector` (1, dim), `words` (1, words, dim) and `padding_mask` of a text.

        Raises:
            InputError: the text is empty.
        """
        return dict(self._text(token_ids=self.tokenize(text)))

    def score(self, images: list[Any], texts: list[str]) -> np.ndarray:
        """f(I, D), float32 (images, texts).

        Raises:
            ImageError: a picture cannot be read.
            InputError: a text is empty.
        """
        matched = [self.embed_text(text) for text in texts]
        out = np.empty((len(images), len(texts)), np.float32)
        for row, image in enumerate(images):
            found = self.embed_image(image)
            for column, text in enumerate(matched):
                outputs = self._score(
                    image_vector=found["vector"],
                    regions=found["regions"],
                    text_vector=text["vector"],
                    words=text["words"],
                    padding_mask=text["padding_mask"],
                )
                out[row, column] = outputs["score"][0]
        return out
