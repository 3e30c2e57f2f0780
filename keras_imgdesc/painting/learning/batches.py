"""What `TextToImage.fit` makes of pictures with captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import stack_images
from keras_imgdesc.matching.matching_data import check_entries, check_spec
from keras_imgdesc.painting.learning.augmentation import NUM_UNIFORM


class PaintingData(keras.utils.PyDataset):
    """Batches that a `ConditionalGAN` is trained on.

    A batch is a pure function of seed, epoch and place. What is left over of an epoch
    is in another's.

    Args:
        images: uint8 (pictures, resolution, resolution, 3).
        captions: of each picture, one or more; a batch takes one of them.
        encode: captions to what the generator is told of them, `{"sentence": float32
            (texts, dim)}` and perhaps `"words"`; called once, with each text once.
        latent_dim: width of the noise.
        batch_size: pictures in a batch.
        seed: of the order and the noise.

    Attributes:
        epoch: the one that batches are of.

    Raises:
        InputError: fewer pictures than a batch takes, or a batch of fewer than 2.
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
                "There must be enough pictures for a batch, and two in it at least",
                "Change batch_size, or add pictures",
                batch_size=batch_size,
                pictures=len(images),
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

    @property
    def sentences(self) -> np.ndarray:
        """Of each text, float32 (texts, dim)."""
        return self.features["sentence"]

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(
            len(self.images)
        )
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        chance = np.random.default_rng([self.seed, self.epoch, index])
        text = np.array([chance.choice(self.texts_of[row]) for row in rows])
        wrong = self.sentences[text[mismatched_rows(text)]][:, None]
        batch = {
            "image": self.images[rows],
            **{name: values[text] for name, values in self.features.items()},
            "text_id": text.astype(np.int32),
            # Where all say the same, no words are wrong.
            "mismatched": wrong if len(self.sentences) > 1 else wrong[:, :0],
        }
        return (batch | draw_chance(len(rows), self.latent_dim, chance),)

    def on_epoch_end(self) -> None:
        self.epoch += 1


def draw_chance(
    count: int, latent_dim: int, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    """Noise and chances of a batch, see `ConditionalGAN`."""
    return {
        "noise": chance.standard_normal((count, latent_dim), np.float32),
        "uniform": chance.random((count, 2, NUM_UNIFORM), np.float32),
    }


def mismatched_rows(kind: np.ndarray) -> np.ndarray:
    """For each row of a batch another, of another kind where there is one.

    Args:
        kind: int (batch,), such as the class of each picture or its text.

    Returns:
        int (batch,), the number of a row for each.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting.learning.batches import mismatched_rows
    >>> mismatched_rows(np.array([5, 5, 6]))
    array([2, 2, 0])
    """
    rows = np.arange(len(kind))
    found = (rows + 1) % len(kind)
    for shift in range(2, len(kind)):
        is_same = kind[found] == kind
        if not is_same.any():
            break
        found = np.where(is_same, (rows + shift) % len(kind), found)
    return found


def read_examples(data: Any, resolution: int) -> tuple[np.ndarray, list[list[str]]]:
    """Pictures and their captions, all in memory.

    Args:
        data: a dict of lists or arrays, one example each row, or a `tf.data.Dataset` of
            single examples: `"image"`, whatever `load_image` takes, and `"caption"`, a
            string or several.
        resolution: side that pictures are resized to.

    Returns:
        uint8 (pictures, resolution, resolution, 3), and the captions of each.

    Raises:
        ImageError: a picture cannot be read.
        InputError: an example has no image or no caption, numbers differ, or a data
            set is batched.
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
    texts = [_texts(caption) for caption in data["caption"]]
    if len(data["image"]) != len(texts):
        raise InputError(
            "There must be captions for each picture",
            "Give lists of the same length",
            images=len(data["image"]),
            captions=len(texts),
        )
    return stack_images(list(data["image"]), resolution), texts


def _texts(caption: Any) -> list[str]:
    several = np.atleast_1d(np.asarray(caption, dtype=object)).ravel()
    return [c.decode() if isinstance(c, bytes) else str(c) for c in several]
