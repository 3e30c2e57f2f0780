"""A painter without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import EXPORT, ModelFile
from keras_imgdesc.lite.text_file import TextFile
from keras_imgdesc.noise import (
    check_steps,
    image_noise,
    interpolated_noise,
    noise_scale,
)
from keras_imgdesc.text.checks import check_texts, is_one_text


class LitePainter(TextFile):
    """Paint texts with a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file paints the images of
    `TextToImage`; a pixel may differ by one grey level of rounding. Not thread-safe.

    Args:
        path: the `.tflite` file, or what `read_model_file` returned for it.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        file: the file, as `read_model_file` returns it.
        metadata: the metadata of the file.
        tokens: the vocabulary; the index of a token is its id.
        resolution: side of the images, in pixels.
        latent_dim: number of noise values per image.
        temperature: the painter's own scale of the noise. A file of an earlier version
            does not state it, and then it counts as 1.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            painter with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.

    Example:

        painter = LitePainter("painter.tflite")
        painter.generate("a red circle", num_images=4, seed=1)
    """

    TASK = "TextToImage"
    KIND = "a painter"

    def __init__(self, path: Any, num_threads: int | None = None) -> None:
        super().__init__(path, num_threads)
        self.resolution: int = self.file.image_size("paint", "outputs")
        self.latent_dim: int = self.file.width("paint", "inputs", "noise")
        self.temperature = float(self.metadata.get("temperature", 1.0))

    @staticmethod
    def check_options(
        file: ModelFile, config: Mapping[str, Any], *, interpolates: bool = False
    ) -> None:
        """Check that a file can paint as requested.

        Args:
            file: the file.
            config: the contents of the preset's `config.json`.
            interpolates: whether `interpolate` will be called.

        Raises:
            InputError: the file cannot interpolate.
        """
        if interpolates and "paint_vectors" not in file.signatures:
            raise InputError(
                f"{file.path.name} cannot interpolate: it is of an earlier version",
                f"Write it again with {EXPORT}",
                path=file.path,
            )

    def generate(
        self,
        texts: str | Sequence[str],
        num_images: int = 1,
        seed: int = 0,
        temperature: float | None = None,
        noise: np.ndarray | None = None,
        rerank: Any = None,
    ) -> np.ndarray:
        """Paint texts as `TextToImage.generate` does.

        Args:
            texts: one text or several.
            num_images: number of images per text, at most 10,000.
            seed: seed of the noise, from 0 to 2**63 - 1.
            temperature: scale of the noise, from 0 to 10; None means the painter's own.
            noise: float (texts * num_images, latent_dim), instead of drawn noise.
            rerank: matcher, or another object with `probabilities(images, text)`, that
                sorts the images of each text by P(I|D), best first.

        Returns:
            uint8 RGB (num_images, resolution, resolution, 3) for one text, (texts,
            num_images, ...) for several.

        Raises:
            InputError: a text is empty or has no known word, or a number is out of
                range.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        several = check_texts(texts)
        token_ids = self.read_texts(several)
        scale = noise_scale(temperature, self.temperature)
        noise = image_noise(
            len(several), num_images, self.latent_dim, seed, scale, noise
        )
        paint = self._runner("paint")
        images = np.stack(
            [
                paint(token_ids=row[None], noise=values[None])["image"][0]
                for row, values in zip(
                    np.repeat(token_ids, num_images, axis=0), noise, strict=True
                )
            ]
        )
        painted = images.reshape(len(several), num_images, *images.shape[1:])
        if rerank is not None:
            for row, text in enumerate(several):
                scores = np.asarray(rerank.probabilities(painted[row], text))
                painted[row] = painted[row][np.argsort(-scores, kind="stable")]
        return painted[0] if is_one_text(texts) else painted

    def interpolate(
        self,
        text_a: str,
        text_b: str,
        steps: int = 8,
        seed: int = 0,
        temperature: float | None = None,
        *,
        same_noise: bool = False,
    ) -> np.ndarray:
        """Paint images on the way from one text and noise to another.

        Args:
            text_a, text_b, steps, seed, temperature, same_noise: as in
                `TextToImage.interpolate`.

        Returns:
            uint8 RGB (steps, resolution, resolution, 3).

        Raises:
            InputError: a text is empty or has no known word, a number is out of range,
                or the file is of an earlier version.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        self.check_options(self.file, {}, interpolates=True)
        check_steps(steps)
        token_ids = self.read_texts([text_a, text_b])
        noise = interpolated_noise(steps, self.latent_dim, seed, same_noise)
        noise *= np.float32(noise_scale(temperature, self.temperature))
        embed, paint = self._runner("text_vectors"), self._runner("paint_vectors")
        first, last = (dict(embed(token_ids=row[None])) for row in token_ids)
        images = []
        for share, values in zip(
            np.linspace(0, 1, steps, dtype=np.float32), noise, strict=True
        ):
            vectors = {
                name: start + share * (last[name] - start)
                for name, start in first.items()
            }
            images.append(paint(**vectors, noise=values[None])["image"][0])
        return np.stack(images)
