"""Labelled images as batches for `ImageClassifier.fit`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_imgdesc.classification.labels import Labels
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import list_labelled_images, stack_images


class LabelledBatches(keras.utils.PyDataset):
    """Batches of `(uint8 (batch, size, size, 3), int32 (batch,))`.

    Images are read when their batch is, so that they need not fit into memory.

    Args:
        images: images, as `load_image` takes them.
        ids: the class of each image, int.
        image_size: side of the square that they are resized to, in pixels.
        batch_size: images per batch.
        shuffle: whether each epoch has another order, which depends on its number only.
    """

    def __init__(
        self,
        images: Sequence[Any],
        ids: np.ndarray,
        image_size: int,
        batch_size: int,
        shuffle: bool = False,
    ) -> None:
        super().__init__()
        self.images, self.ids = images, ids
        self.image_size, self.batch_size = image_size, batch_size
        self.shuffle = shuffle
        # TensorFlow wraps an exception of `__getitem__` in one of its own.
        self.error: ImageError | None = None
        self._epoch = 0
        self._order = self._new_order()

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * self.batch_size
        rows = self._order[start : start + self.batch_size]
        chosen = [self.images[row] for row in rows]
        try:
            return stack_images(chosen, self.image_size), self.ids[rows]
        except ImageError as error:
            self.error = error
            raise

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._new_order()

    def _new_order(self) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.images))
        return np.random.default_rng(self._epoch).permutation(len(self.images))


def labelled_batches(
    data: Any, labels: Labels, image_size: int, batch_size: int, shuffle: bool = False
) -> Any:
    """Convert labelled images to batches to train on.

    Args:
        data: a folder with one folder per class; or a dict of `"image"`, images as
            `load_image` takes them, and `"label"`, the name or the position of the
            class of each.
        labels: the classes.
        image_size: side of the classifier's images, in pixels.
        batch_size: images per batch.
        shuffle: whether to shuffle them, differently in each epoch.

    Returns:
        `LabelledBatches`. Other data, such as batches or arrays, are returned
        unchanged.

    Raises:
        InputError: a label is unknown, the numbers of images and of labels differ, or
            see `list_labelled_images`.
    """
    if isinstance(data, (str, os.PathLike)):
        found = list_labelled_images(data)
        data = {"image": [p for p, _ in found], "label": [name for _, name in found]}
    if not isinstance(data, dict):
        return data
    if set(data) != {"image", "label"}:
        raise InputError(
            "Labelled images must be a dict of 'image' and 'label'",
            "Rename the entries of the dict",
            entries=sorted(data),
        )
    ids = label_ids(data["label"], labels)
    if not len(data["image"]) or len(data["image"]) != len(ids):
        raise InputError(
            "There must be images, and as many labels",
            "Give one label per image",
            images=len(data["image"]),
            labels=len(ids),
        )
    return LabelledBatches(data["image"], ids, image_size, batch_size, shuffle)


def label_ids(values: Sequence[Any], labels: Labels) -> np.ndarray:
    """Return the positions of classes, int32 (images,).

    Args:
        values: names or positions of classes.
        labels: the classes.

    Raises:
        InputError: a class is unknown.
    """
    ids = []
    for value in values:
        if isinstance(value, str):
            ids.append(labels.id_of(value))
            continue
        try:
            position = int(value)
        except (TypeError, ValueError):
            position = -1
        if position != value or not 0 <= position < len(labels):
            raise InputError(
                "The position of a class must be a whole number from 0 to "
                f"{len(labels) - 1}",
                "Count the classes from 0, or use their names",
                label=value,
            )
        ids.append(position)
    return np.array(ids, np.int32)
