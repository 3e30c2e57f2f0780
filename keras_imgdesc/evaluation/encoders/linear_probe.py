"""A linear probe: a linear classifier on the frozen features of an encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from keras_imgdesc import images
from keras_imgdesc.errors import InputError
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
        InputError: scikit-learn is not installed.

    Reference:
        Alain, Bengio, "Understanding intermediate layers using linear classifier
        probes", https://arxiv.org/abs/1610.01644
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise InputError(
            "The linear probe needs scikit-learn",
            "Run: pip install 'keras-imgdesc[eval]'",
            missing="sklearn",
        ) from error
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
    )
    classifier.fit(
        pooled_features(encoder, [p for p, _ in train]), [c for _, c in train]
    )
    accuracy = classifier.score(
        pooled_features(encoder, [p for p, _ in test]), [c for _, c in test]
    )
    return float(accuracy)
