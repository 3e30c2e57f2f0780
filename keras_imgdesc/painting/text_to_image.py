"""The task: words to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.errors import InputError
from keras_imgdesc.noise import MOST_IMAGES, draw_normal, image_noise, noise_scale
from keras_imgdesc.painting.learning.batches import PaintingData, read_examples
from keras_imgdesc.painting.learning.building import (
    adversaries,
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
from keras_imgdesc.text import TEXT_ENCODERS, TextEncoder
from keras_imgdesc.text.checks import check_known, check_texts


class TextToImage(Task):
    """Paints pictures of texts.

    Args:
        text_encoder: a `TextEncoder`.
        generator: of its sentence width.

    Raises:
        InputError: the two do not fit together.

    Example:

    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, Vocabulary
    >>> from keras_imgdesc.painting import Generator, TextToImage
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> text_encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> painter = TextToImage(text_encoder, Generator(16, resolution=32, width=4))
    >>> pictures = painter.generate("a red bird", num_images=3, seed=1)
    >>> pictures.shape, pictures.dtype
    ((3, 32, 32, 3), dtype('uint8'))
    """

    PARTS: ClassVar[dict[str, tuple[type, ...]]] = {
        "text_encoder": tuple(TEXT_ENCODERS.values()),
        "generator": (Generator,),
    }

    def __init__(self, text_encoder: TextEncoder, generator: Generator) -> None:
        if text_encoder.embedding_dim != generator.sentence_dim:
            raise InputError(
                "The generator must be made for the text encoder's sentences",
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
        """Paints texts.

        Args:
            texts: one or several.
            num_images: pictures of each text, up to 10,000.
            seed: of the noise, from 0 to 2**63 - 1; the same seed gives the same
                pictures, here and in every exported form.
            temperature: scale of the standard normal noise, from 0 to 10; the lower,
                the more typical and alike the images. None means the generator's own.
            noise: float (texts * num_images, latent_dim), in the place of a drawn one.
            rerank: a matcher, an object with `probabilities(images, text)`: the
                pictures of each text come in the order of P(I|D), the best first.
            batch_size: pictures painted at a time.

        Returns:
            uint8 RGB (num_images, resolution, resolution, 3) for one text, (texts,
            num_images, ...) for several.

        Raises:
            InputError: an empty text, one without a known word, or a number out of its
                range.
        """
        several = check_texts(texts)
        self.check_words(several)
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
                found = np.asarray(rerank.probabilities(painted[row], text))
                painted[row] = painted[row][np.argsort(-found, kind="stable")]
        return painted[0] if isinstance(texts, str) else painted

    def interpolate(
        self, text_a: str, text_b: str, steps: int = 8, seed: int = 0, **kwargs: Any
    ) -> np.ndarray:
        """Paints the way from one text, and one noise, to another.

        What is known of texts goes straight, noise along the sphere that it lies on.

        Args:
            text_a, text_b: the ends.
            steps: pictures, both ends included; 2 or more.
            seed: of the noise at both ends.
            **kwargs: `same_noise=True` keeps the noise of the first.

        Returns:
            uint8 (steps, resolution, resolution, 3).
        """
        same_noise = kwargs.pop("same_noise", False)
        if kwargs:
            raise InputError("There is no such option", "Leave it out", **kwargs)
        if not 2 <= steps <= MOST_IMAGES:
            raise InputError(
                f"steps must be from 2 to {MOST_IMAGES}", "Use 8", steps=steps
            )
        texts = check_texts([text_a, text_b])
        self.check_words(texts)
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        features = {
            name: ends[0] + np.multiply.outer(share[:, 0], ends[1] - ends[0])
            for name, ends in self.encode(texts).items()
        }
        noise = self.draw_noise(2, seed)
        angle = share * (0.0 if same_noise else np.pi / 2)
        noise = np.cos(angle) * noise[0] + np.sin(angle) * noise[1]
        return self._paint(features | {"noise": noise}, 64)

    def encode(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """What the generator is told of texts; see `text_features`."""
        found = self.text_encoder.encode(texts)
        outputs = {
            "sentence": found.sentences,
            "words": found.words,
            "padding_mask": found.padding_mask,
        }
        features = text_features(self.generator, outputs)
        return {k: ops.convert_to_numpy(v) for k, v in features.items()}

    def draw_noise(self, count: int, seed: int) -> np.ndarray:
        """Noise of pictures, float32 (count, latent_dim); see `noise.draw_normal`."""
        return draw_normal(count, self.generator.latent_dim, seed)

    def _paint(self, inputs: dict[str, np.ndarray], batch_size: int) -> np.ndarray:
        count = len(inputs["noise"])
        size = min(batch_size, 1 << max(count - 1, 0).bit_length())
        painted = []
        for start in range(0, count, size):
            rows = slice(start, start + size)
            short = size - len(inputs["noise"][rows])
            # Batches of one size: every other would be traced anew.
            batch = {
                name: np.pad(x[rows], ((0, short), *[(0, 0)] * (x.ndim - 1)))
                for name, x in inputs.items()
            }
            found = ops.convert_to_numpy(self._traced(batch))
            painted.append(found[: size - short])
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

    def check_words(self, texts: list[str]) -> None:
        """Refuses texts of which the painter knows no word.

        Raises:
            InputError: there is one.
        """
        vocabulary = self.text_encoder.tokenizer.vocabulary
        unknown = getattr(vocabulary, "unk_id", None)
        if unknown is None:
            return
        token_ids = self.text_encoder.tokenize(texts)
        special = (vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id, unknown)
        check_known(texts, token_ids, vocabulary.tokens, special)

    def compile(
        self,
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        objective: GanObjective | None = None,
        discriminator: Discriminator | None = None,
        **kwargs: Any,
    ) -> None:
        """Configures training; `fit` does it with the defaults if nobody did.

        Args:
            generator_optimizer, discriminator_optimizer: Keras optimizers or names;
                None means Adam of 2e-4 and 4e-4.
            objective: None means the defaults. A matching loss takes `train_painter`.
            discriminator: None makes one of the generator's resolution and width.
            **kwargs: the rest of `ConditionalGAN.compile`.

        Raises:
            InputError: the objective has a matching loss, the discriminator is of
                another form, or Keras does not run on TensorFlow.
        """
        self._gan = adversaries(self.generator, discriminator, objective)
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
        """Trains the generator against a discriminator, as `keras.Model.fit`.

        Pictures and the vectors of their captions are kept in memory. `generator` holds
        the moving average all along, so that `generate` and `save_to_preset` are as
        usual. To go on, call it again. `train_painter` does more: checkpoints,
        metrics, sheets, hard mismatches, a matching loss.

        Args:
            x: a dict of `"image"` (pictures or paths) and `"caption"` (a string or
                several for each), one example each row, or a `tf.data.Dataset` of such
                dicts, unbatched.
            batch_size: pictures in a batch.
            epochs: each is every picture once.
            seed: of the order and the noise.
            **kwargs: the rest of `keras.Model.fit`, such as `callbacks` and `verbose`.

        Returns:
            Keras' `History`.

        Raises:
            ImageError: a picture cannot be read.
            InputError: examples without image or caption, fewer than a batch, a caption
                without a known word, or data to validate on.
        """
        refuse_validation(kwargs)
        images, captions = read_examples(x, self.generator.resolution)

        def encode(texts: list[str]) -> dict[str, np.ndarray]:
            self.check_words(texts)
            return self.encode(texts)

        data = PaintingData(
            images, captions, encode, self.generator.latent_dim, batch_size, seed
        )
        if self._gan is None:
            self.compile()
        assert self._gan is not None
        whiten(self._gan, data.sentences)
        # Where the last call ended, so that two calls are as one.
        data.epoch = int(self._gan.steps_done) // len(data)
        return self._gan.fit(data, epochs=epochs, **(kwargs | {"shuffle": False}))

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
