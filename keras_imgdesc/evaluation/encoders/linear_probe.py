"""How much an encoder knows: a linear classifier on its frozen features."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from keras_imgdesc import images
from keras_imgdesc.errors import InputError
from keras_imgdesc.vision import ImageEncoder


def pooled_features(
    encoder: ImageEncoder, pictures: Sequence[str | Path], batch_size: int = 32
) -> np.ndarray:
    """Mean over the locations of each picture's feature map.

    Args:
        encoder: any `ImageEncoder`.
        pictures: paths; one that cannot be read raises its `ImageError`.
        batch_size: pictures encoded at once.

    Returns:
        float32 `(pictures, channels)`.
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

    # Shown on a terminal alone: it is a part of other work, which has its own bar.
    read = tqdm(
        images.read_images(list(pictures), size),
        total=len(pictures),
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
    """Accuracy of logistic regression on an encoder's pooled features.

    Args:
        encoder: any `ImageEncoder`, used as it is.
        train, test: `(path, class)` pairs.

    Returns:
        Share of `test` classified right, in [0, 1].

    Raises:
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
