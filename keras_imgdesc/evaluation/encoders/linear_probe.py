"""A linear probe: a linear classifier on the frozen features of an encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from keras_imgdesc import images
from keras_imgdesc.evaluation.encoders.linear_classifier import LinearClassifier
from keras_imgdesc.vision import ImageEncoder


def pooled_features(
    encoder: ImageEncoder, sources: Sequence[Any], batch_size: int = 32
) -> np.ndarray:
    """Return the mean of each image's feature map over its locations.

    Args:
        encoder: an `ImageEncoder`.
        sources: images as `load_image` accepts them, such as paths; at least one. They
            are stretched to the encoder's size.
        batch_size: images per batch.

    Returns:
        float32 `(images, channels)`.

    Raises:
        ImageError: an image cannot be read.
    """
    size = (encoder.image_size, encoder.image_size)
    rows: list[np.ndarray] = []
    batch: list[np.ndarray] = []

    def flush():
        if batch:
            pooled = keras.ops.mean(
                keras.ops.cast(encoder(np.stack(batch)), "float32"), axis=(1, 2)
            )
            rows.append(keras.ops.convert_to_numpy(pooled))
            batch.clear()

    # On a terminal only: it is part of other work, which has its own progress bar.
    read = tqdm(
        images.read_images(list(sources), size),
        total=len(sources),
        desc="features",
        unit="img",
        leave=False,
        disable=None,
    )
    for _, image in read:
        if isinstance(image, Exception):
            raise image
        batch.append(image)
        if len(batch) == batch_size:
            flush()
    flush()
    return np.concatenate(rows)


def linear_probe(
    encoder: ImageEncoder,
    train: Sequence[tuple[str | Path, int]],
    test: Sequence[tuple[str | Path, int]],
) -> float:
    """Return the accuracy of logistic regression on an encoder's pooled features.

    Args:
        encoder: an `ImageEncoder`, which is not trained.
        train: pairs of path and class to fit the classifier to.
        test: pairs of path and class to measure its accuracy on.

    Returns:
        Share of `test` that is classified correctly, in [0, 1].

    Raises:
        ImageError: an image cannot be read.
        InputError: scikit-learn is not installed, or `train` has only one class.

    Reference:
        Alain, Bengio, "Understanding intermediate layers using linear classifier
        probes", https://arxiv.org/abs/1610.01644
    """
    classifier = LinearClassifier(
        pooled_features(encoder, [path for path, _ in train]),
        [label for _, label in train],
    )
    features = pooled_features(encoder, [path for path, _ in test])
    return classifier.accuracy(features, [label for _, label in test]) / 100
