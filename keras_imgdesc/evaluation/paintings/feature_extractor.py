"""What image metrics see of a picture: the pooled features of a named encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.encoders.linear_probe import pooled_features
from keras_imgdesc.vision import ImageEncoder


class FeatureExtractor:
    """Pictures to the mean over the locations of an encoder's feature map.

    A Fréchet distance means nothing without the name of what measured it: `name`
    stands beside each number.

    Args:
        encoder: any `ImageEncoder`.
        name: what to call it; None names the kind, the layer and the weights.
        batch_size: pictures encoded at a time.

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

    def __call__(self, pictures: Sequence[Any] | np.ndarray) -> np.ndarray:
        """Features of pictures.

        Args:
            pictures: whatever `load_image` takes; stretched to the encoder's size.

        Returns:
            float32 `(pictures, channels)`.
        """
        return pooled_features(self.encoder, list(pictures), self.batch_size)

    @classmethod
    def from_preset(cls, preset: str, batch_size: int = 32) -> FeatureExtractor:
        """The image encoder of a captioner's or matcher's preset.

        Args:
            preset: a name or a folder.
            batch_size: pictures encoded at a time.
        """
        from keras_imgdesc.tasks import load_preset

        return cls.of_task(load_preset(preset), preset, batch_size)

    @classmethod
    def of_task(cls, task: Any, name: str, batch_size: int = 32) -> FeatureExtractor:
        """The image encoder of a captioner or matcher.

        Args:
            task: an `ImageCaptioner` or `ImageTextMatcher`.
            name: of its preset.
            batch_size: pictures encoded at a time.

        Raises:
            InputError: the task has no image encoder.
        """
        encoder = getattr(task, "image_encoder", None)
        if encoder is None:
            raise InputError(
                "Features are those of an image encoder",
                "Give the preset of a captioner or a matcher",
                preset=name,
                task=type(task).__name__,
            )
        found = cls(encoder, batch_size=batch_size)
        found.name = f"{name}: {found.name}"
        return found
