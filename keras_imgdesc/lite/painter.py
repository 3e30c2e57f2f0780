"""A painter without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np

from keras_imgdesc.lite.text_file import TextFile
from keras_imgdesc.noise import image_noise, noise_scale
from keras_imgdesc.text.checks import check_known, check_texts


class LitePainter(TextFile):
    """Paint texts with a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file paints the images of
    `TextToImage`; a pixel may differ by one grey level of rounding. Not thread-safe.

    Args:
        path: the `.tflite` file.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        metadata: the metadata of the file.
        tokens: the vocabulary; the index of a token is its id.
        resolution: side of the images, in pixels.
        latent_dim: number of noise values per image.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            painter with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.

    Example:

        painter = LitePainter("painter.tflite")
        painter.generate("a red circle", num_images=4, seed=1)
    """

    def __init__(
        self, path: str | PathLike[str], num_threads: int | None = None
    ) -> None:
        super().__init__(path, num_threads, "TextToImage", "a painter")
        self.resolution: int = self._shape("paint", "outputs", "image")[1]
        self.latent_dim: int = self._shape("paint", "inputs", "noise")[1]
        self._paint = self._runner("paint")

    def generate(
        self,
        texts: str | Sequence[str],
        num_images: int = 1,
        seed: int = 0,
        temperature: float | None = None,
        noise: np.ndarray | None = None,
    ) -> np.ndarray:
        """Paint texts as `TextToImage.generate` does.

        Args:
            texts: one text or several.
            num_images: number of images per text, at most 10,000.
            seed: seed of the noise, from 0 to 2**63 - 1.
            temperature: scale of the noise, from 0 to 10; None means the painter's own.
                A file of an earlier version does not state its own, which then counts
                as 1.
            noise: float (texts * num_images, latent_dim), instead of drawn noise.

        Returns:
            uint8 RGB (num_images, resolution, resolution, 3) for one text, (texts,
            num_images, ...) for several.

        Raises:
            InputError: a text is empty or has no known word, or a number is out of
                range.
        """
        several = check_texts(texts)
        token_ids = np.concatenate([self.tokenize(text) for text in several])
        ids = self.metadata["vocabulary"]
        special = [ids[name] for name in ("pad_id", "start_id", "end_id", "unk_id")]
        check_known(several, token_ids, self.tokens, special)
        scale = noise_scale(temperature, self.metadata.get("temperature", 1.0))
        noise = image_noise(
            len(several), num_images, self.latent_dim, seed, scale, noise
        )
        painted = [
            self._paint(token_ids=row[None], noise=values[None])["image"][0]
            for row, values in zip(
                np.repeat(token_ids, num_images, axis=0), noise, strict=True
            )
        ]
        images = np.stack(painted)
        if isinstance(texts, str):
            return images
        return images.reshape(len(several), num_images, *images.shape[1:])
