"""The features on which metrics of paintings are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.encoders.linear_probe import pooled_features
from keras_imgdesc.vision import ImageEncoder


class FeatureExtractor:
    """A function of images to the mean of an encoder's feature map over its locations.

    A Fréchet distance means nothing without the extractor's name, which is reported
    with every number.

    Args:
        encoder: an `ImageEncoder`.
        name: name of the extractor; None makes one of the class, the layer, the sizes
            and a fingerprint of the weights.
        batch_size: images per batch.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.evaluation.paintings.feature_extractor import (
    ...     FeatureExtractor,
    ... )
    >>> from keras_imgdesc.vision import MobileNetEncoder
    >>> encoder = MobileNetEncoder(image_size=32, feature_layer="conv_pw_3")
    >>> extractor = FeatureExtractor(encoder, "a toy")
    >>> extractor(np.zeros((2, 64, 64, 3), "uint8")).shape
    (2, 128)
    """

    def __init__(
        self, encoder: ImageEncoder, name: str | None = None, batch_size: int = 32
    ) -> None:
        self.encoder = encoder
        self.batch_size = batch_size
        layer = getattr(encoder, "feature_layer", encoder.name)
        self.name = name or (
            f"{type(encoder).__name__} {layer} at {encoder.image_size}, mean over "
            f"{encoder.feature_map_shape[0]} x {encoder.feature_map_shape[1]}, "
            f"{encoder.fingerprint()}"
        )

    def __call__(self, images: Sequence[Any] | np.ndarray) -> np.ndarray:
        """Return the features of images.

        Args:
            images: what `load_image` accepts; stretched to the encoder's size.

        Returns:
            float32 `(images, channels)`.

        Raises:
            ImageError: an image cannot be read.
        """
        return pooled_features(self.encoder, list(images), self.batch_size)

    @classmethod
    def of_task(cls, task: Any, name: str, batch_size: int = 32) -> FeatureExtractor:
        """Return an extractor with the image encoder of a captioner or matcher.

        Args:
            task: an `ImageCaptioner` or `ImageTextMatcher`.
            name: name of its preset.
            batch_size: images per batch.

        Raises:
            InputError: the task has no image encoder.
        """
        encoder = getattr(task, "image_encoder", None)
        if encoder is None:
            raise InputError(
                "A feature extractor needs a task with an image encoder",
                "Use the preset of a captioner or a matcher",
                preset=name,
                task=type(task).__name__,
            )
        found = cls(encoder, batch_size=batch_size)
        found.name = f"{name}: {found.name}"
        return found
