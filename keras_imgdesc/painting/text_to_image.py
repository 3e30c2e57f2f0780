"""The task that paints images of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.errors import InputError
from keras_imgdesc.noise import (
    check_steps,
    draw_normal,
    image_noise,
    interpolated_noise,
    noise_scale,
)
from keras_imgdesc.painting.learning.batches import PaintingData, read_examples
from keras_imgdesc.painting.learning.building import (
    build_gan,
    refuse_validation,
    whiten,
)
from keras_imgdesc.painting.learning.conditional_gan import ConditionalGAN
from keras_imgdesc.painting.learning.gan_objective import GanObjective
from keras_imgdesc.painting.networks.discriminator import Discriminator
from keras_imgdesc.painting.networks.generator import Generator
from keras_imgdesc.painting.pixels import to_uint8
from keras_imgdesc.painting.text_features import text_features
from keras_imgdesc.presets.task import Task
from keras_imgdesc.text import TEXT_ENCODERS, TextEncoder, TextReader
from keras_imgdesc.text.checks import is_one_text
from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.text.known_words import check_known_words


class TextToImage(TextReader, Task):
    """Paint images of texts.

    Args:
        text_encoder: a `TextEncoder`.
        generator: a `Generator` with `sentence_dim=text_encoder.embedding_dim`.

    Raises:
        InputError: the two do not fit together.

    Example:

    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
    >>> from keras_imgdesc.painting import Generator, TextToImage
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> text_encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> painter = TextToImage(text_encoder, Generator(16, resolution=32, width=4))
    >>> images = painter.generate("a red bird", num_images=3, seed=1)
    >>> images.shape, images.dtype
    ((3, 32, 32, 3), dtype('uint8'))
    """

    READER = "painter"
    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {
        "text_encoder": tuple(TEXT_ENCODERS.values()),
        "generator": (Generator,),
    }

    def __init__(self, text_encoder: TextEncoder, generator: Generator) -> None:
        if text_encoder.embedding_dim != generator.sentence_dim:
            raise InputError(
                "The generator must have the sentence width of the text encoder",
                "Build it with sentence_dim=text_encoder.embedding_dim",
                embedding_dim=text_encoder.embedding_dim,
                sentence_dim=generator.sentence_dim,
            )
        self.text_encoder = text_encoder
        self.generator = generator
        self._gan: ConditionalGAN | None = None

    def generate(
        self,
        texts: str | Sequence[str],
        num_images: int = 1,
        seed: int = 0,
        temperature: float | None = None,
        noise: np.ndarray | None = None,
        rerank: Any = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Paint images of texts.

        Args:
            texts: one text or several.
            num_images: number of images per text, at most 10,000.
            seed: seed of the noise, from 0 to 2**63 - 1. The same seed gives the same
                images, here and in every exported form.
            temperature: scale of the standard normal noise, from 0 to 10; the lower,
                the more typical and alike the images. None means the generator's own.
            noise: float (texts * num_images, latent_dim), instead of drawn noise.
            rerank: matcher, or another object with `probabilities(images, text)`, that
                sorts the images of each text by P(I|D), best first.
            batch_size: number of images painted at a time.

        Returns:
            uint8 RGB (num_images, resolution, resolution, 3) for one text, (texts,
            num_images, ...) for several.

        Raises:
            InputError: a text is empty or has no known word, or a number is out of
                range.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        several = self.read_texts(texts)
        width = self.generator.latent_dim
        scale = noise_scale(temperature, self.generator.temperature)
        noise = image_noise(len(several), num_images, width, seed, scale, noise)
        features = {
            name: np.repeat(values, num_images, axis=0)
            for name, values in self.encode(several).items()
        }
        painted = self._paint(features | {"noise": noise}, batch_size)
        painted = painted.reshape(len(several), num_images, *painted.shape[1:])
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

        The embeddings of the texts are interpolated linearly, the noise along a circle,
        so that its length stays typical.

        Args:
            text_a, text_b: first and last text.
            steps: number of images, from 2 to 10,000, both ends included.
            seed: seed of the noise at both ends.
            temperature: scale of the noise; see `generate`.
            same_noise: whether all images have the noise of the first.

        Returns:
            uint8 RGB (steps, resolution, resolution, 3).

        Raises:
            InputError: a text is empty or has no known word, or a number is out of
                range.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        check_steps(steps)
        texts = self.read_texts([text_a, text_b])
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        features = {
            name: ends[0] + np.multiply.outer(share[:, 0], ends[1] - ends[0])
            for name, ends in self.encode(texts).items()
        }
        width = self.generator.latent_dim
        noise = interpolated_noise(steps, width, seed, same_noise)
        noise *= np.float32(noise_scale(temperature, self.generator.temperature))
        return self._paint(features | {"noise": noise}, 64)

    def encode(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Embed texts as inputs of the generator; see `text_features`."""
        embedded = self.text_encoder.encode(texts)
        outputs = {
            "sentence": embedded.sentences,
            "words": embedded.words,
            "padding_mask": embedded.padding_mask,
        }
        features = text_features(self.generator, outputs)
        return {k: ops.convert_to_numpy(v) for k, v in features.items()}

    def draw_noise(self, count: int, seed: int) -> np.ndarray:
        """Draw noise, float32 (count, latent_dim); see `noise.draw_normal`."""
        return draw_normal(count, self.generator.latent_dim, seed)

    def _paint(self, inputs: dict[str, np.ndarray], batch_size: int) -> np.ndarray:
        count = len(inputs["noise"])
        size = min(batch_size, 1 << max(count - 1, 0).bit_length())
        painted = []
        for start in range(0, count, size):
            rows = slice(start, start + size)
            short = size - len(inputs["noise"][rows])
            # Every batch is padded to one size, because each size is traced separately.
            batch = {
                name: np.pad(x[rows], ((0, short), *[(0, 0)] * (x.ndim - 1)))
                for name, x in inputs.items()
            }
            pixels = ops.convert_to_numpy(self._traced(batch))
            painted.append(pixels[: size - short])
        return np.concatenate(painted)

    def _traced(self, inputs: dict[str, np.ndarray]) -> Any:
        def paint(inputs: dict[str, Any]) -> Any:
            return to_uint8(self.generator(inputs, training=False)["image"])

        if not hasattr(self, "_function"):
            self._function = compile_function(
                self.generator, paint, reduce_retracing=True
            )
        return self._function(
            {name: ops.convert_to_tensor(x) for name, x in inputs.items()}
        )

    def compile(
        self,
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        objective: GanObjective | None = None,
        discriminator: Discriminator | None = None,
        **kwargs: Any,
    ) -> None:
        """Configure training; if it is not called, `fit` uses the defaults.

        Args:
            generator_optimizer, discriminator_optimizer: Keras optimizers or their
                names; None means Adam with learning rates of 2e-4 and 4e-4.
            objective: losses and their weights; None means the defaults. A matching
                loss needs `train_painter`.
            discriminator: discriminator; None builds one of the generator's resolution
                and width.
            **kwargs: the rest of `ConditionalGAN.compile`.

        Raises:
            InputError: the objective has a matching loss, the discriminator does not
                fit the generator, or the backend is not TensorFlow.
        """
        self._gan = build_gan(self.generator, discriminator, objective)
        adam = {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
        self._gan.compile(
            generator_optimizer or keras.optimizers.Adam(2e-4, **adam),
            discriminator_optimizer or keras.optimizers.Adam(4e-4, **adam),
            objective,
            **kwargs,
        )

    def fit(
        self,
        x: Any,
        *,
        batch_size: int = 64,
        epochs: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ) -> Any:
        """Train the generator against a discriminator, like `keras.Model.fit`.

        Images and the embeddings of their captions are kept in memory. `generator`
        always has the moving average of the weights, so `generate` and `save_to_preset`
        work as usual. Call it again to continue. `train_painter` adds checkpoints,
        metrics, contact sheets, hard mismatches and a matching loss.

        Args:
            x: dict of `"image"` (images or paths) and `"caption"` (a string or several
                per image), one example per row, or unbatched `tf.data.Dataset` of such
                dicts.
            batch_size: images per batch.
            epochs: number of epochs.
            seed: seed of order and noise.
            **kwargs: the rest of `keras.Model.fit`, such as `callbacks` and `verbose`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ImageError: an image cannot be read.
            InputError: images or captions are missing, there are fewer images than a
                batch, a caption has no known word, or there are validation data.
        """
        refuse_validation(kwargs)
        images, captions = read_examples(x, self.generator.resolution)

        def encode(texts: list[str]) -> dict[str, np.ndarray]:
            self.check_words(texts)
            warn_of_cut(self.text_encoder.tokenizer, texts, "texts")
            check_known_words(self.text_encoder.tokenizer, texts, self.READER)
            return self.encode(texts)

        data = PaintingData(
            images, captions, encode, self.generator.latent_dim, batch_size, seed
        )
        if self._gan is None:
            self.compile()
        assert self._gan is not None
        whiten(self._gan, data.sentences)
        # Continue after the last call, so that two calls equal a longer one.
        data.epoch = int(self._gan.steps_done) // len(data)
        return self._gan.fit(data, epochs=epochs, **(kwargs | {"shuffle": False}))

    @property
    def temperature(self) -> float:
        """The generator's own scale of the noise."""
        return float(self.generator.temperature)

    @property
    def vocabulary(self) -> Any:
        """The words of the text encoder's tokenizer."""
        return self.text_encoder.tokenizer.vocabulary

    @property
    def description(self) -> str:
        """One line: the classes of the parts and their sizes."""
        return (
            f"{type(self.generator).__name__} at {self.generator.resolution} px and "
            f"{type(self.text_encoder).__name__}, {len(self.vocabulary.tokens)} tokens"
        )
