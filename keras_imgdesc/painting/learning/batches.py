"""Batches for `TextToImage.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.data.example_checks import (
    check_captions,
    check_entries,
    check_spec,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import stack_images
from keras_imgdesc.painting.learning.augmentation import NUM_UNIFORM
from keras_imgdesc.painting.learning.wrong_texts import WrongTexts
from keras_imgdesc.text.right_texts import number_texts


class PaintingData(keras.utils.PyDataset):
    """Batches for a `ConditionalGAN`.

    A batch is a pure function of seed, epoch and position. Images that do not fill a
    batch are left for other epochs.

    Args:
        images: uint8 (images, resolution, resolution, 3).
        captions: one or more captions per image, of which a batch has one.
        encode: function from captions to inputs of the generator, `{"sentence": float32
            (texts, dim)}` and perhaps `"words"`. It is called once, with different
            captions.
        latent_dim: width of the noise.
        batch_size: images per batch.
        seed: seed of order and noise.

    Attributes:
        epoch: number of the epoch that batches belong to, from 0.

    Raises:
        InputError: `batch_size` is below 2 or above the number of images.
    """

    def __init__(
        self,
        images: np.ndarray,
        captions: Sequence[Sequence[str]],
        encode: Any,
        latent_dim: int,
        batch_size: int,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 2 <= batch_size <= len(images):
            raise InputError(
                "batch_size must be at least 2 and at most the number of images",
                "Use a smaller batch_size, or add images",
                batch_size=batch_size,
                images=len(images),
            )
        self.images, self.latent_dim = images, latent_dim
        self.batch_size, self.seed = batch_size, seed
        self.epoch = 0
        number: dict[str, int] = {}
        self.texts_of = [
            np.array([number.setdefault(text, len(number)) for text in several])
            for several in captions
        ]
        self.features = encode(list(number))
        owner = np.repeat(np.arange(len(captions)), [len(t) for t in self.texts_of])
        self._wrong = WrongTexts(
            owner, np.concatenate(self.texts_of), number_texts(list(number))
        )
        self._has_wrong = any(len(self._wrong.of_image(i)) for i in range(len(images)))

    @property
    def sentences(self) -> np.ndarray:
        """Sentence vectors, float32 (texts, dim)."""
        return self.features["sentence"]

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(
            len(self.images)
        )
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng([self.seed, self.epoch, index])
        text = np.array([generator.choice(self.texts_of[row]) for row in rows])
        mismatched = take_sentences(self.sentences, self._wrong(rows, text, generator))
        batch = {
            "image": self.images[rows],
            **{name: values[text] for name, values in self.features.items()},
            "is_right": self._wrong.is_right(rows, self._wrong.text_id[text]),
            # If all captions are equal, none is mismatched.
            "mismatched": mismatched[:, None][:, : int(self._has_wrong)],
        }
        return (batch | draw_randomness(len(rows), self.latent_dim, generator),)

    def on_epoch_end(self) -> None:
        self.epoch += 1


def draw_randomness(
    count: int, latent_dim: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw `"noise"` and `"uniform"` of a batch; see `ConditionalGAN`."""
    return {
        "noise": generator.standard_normal((count, latent_dim), np.float32),
        "uniform": generator.random((count, 2, NUM_UNIFORM), np.float32),
    }


def take_sentences(sentences: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows of sentence vectors; zeros, which fit no image, for a row of -1.

    Args:
        sentences: float (texts, dim).
        rows: int (batch,).
    """
    return np.where(rows[:, None] < 0, 0, sentences[rows])


def read_examples(data: Any, resolution: int) -> tuple[np.ndarray, list[list[str]]]:
    """Read images and their captions into memory.

    Args:
        data: dict of lists or arrays with one example per row, or `tf.data.Dataset` of
            single examples: `"image"`, whatever `load_image` accepts, and `"caption"`,
            a string or several.
        resolution: side of the resized images, in pixels.

    Returns:
        uint8 (images, resolution, resolution, 3), and the captions of each image.

    Raises:
        ImageError: an image cannot be read.
        InputError: images or captions are missing, a caption is not a string, their
            numbers differ, or the data set is batched.
    """
    if isinstance(data, tf.data.Dataset):
        check_spec(data.element_spec)
        captions: list[Any] = []

        def images() -> Any:
            for example in data.as_numpy_iterator():
                captions.append(example["caption"])
                yield example["image"]

        return stack_images(images(), resolution), [_texts(c) for c in captions]
    check_entries(data)
    check_captions(data["caption"])
    texts = [_texts(caption) for caption in data["caption"]]
    if len(data["image"]) != len(texts):
        raise InputError(
            "There must be captions for each image",
            "Give lists of the same length",
            images=len(data["image"]),
            captions=len(texts),
        )
    return stack_images(list(data["image"]), resolution), texts


def _texts(caption: Any) -> list[str]:
    several = np.atleast_1d(np.asarray(caption, dtype=object)).ravel()
    return [c.decode() if isinstance(c, bytes) else str(c) for c in several]
