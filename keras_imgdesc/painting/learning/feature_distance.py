"""The perceptual distance of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.matcher_scores import to_encoder

VGG16_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3")


class FeatureDistance:
    """The perceptual loss: squared difference of an image encoder's maps.

    All layers have the same weight, because their maps are divided by their mean
    square.

    Args:
        encoder: an encoder of `keras_imgdesc.vision`; it is not trained.
        layers: names of the encoder's layers to compare.

    Raises:
        InputError: `layers` is empty or has an unknown name.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import VGG16Encoder
    >>> from keras_imgdesc.painting import FeatureDistance
    >>> distance = FeatureDistance(VGG16Encoder(image_size=32, width=0.0625))
    >>> grey = np.zeros((2, 32, 32, 3), "float32")
    >>> float(distance(grey, grey)), float(distance(grey, grey + 0.5)) > 0
    (0.0, True)

    Reference:
        Johnson et al., "Perceptual Losses for Real-Time Style Transfer and
        Super-Resolution", https://arxiv.org/abs/1603.08155
    """

    def __init__(self, encoder: Any, layers: Sequence[str] = VGG16_LAYERS) -> None:
        known = [layer.name for layer in encoder.layers if layer.weights]
        if not layers or not set(layers) <= set(known):
            raise InputError(
                "layers must be names of the encoder's layers",
                f"Use some of {known}",
                layers=list(layers),
            )
        self.encoder = encoder
        outputs = [encoder.get_layer(name).output for name in layers]
        self.features = keras.Model(encoder.input, outputs, name="features")

    def __call__(self, real: Any, painted: Any) -> Any:
        """Return the distance of two batches, a scalar.

        Args:
            real, painted: float (batch, size, size, 3) in [-1, 1].
        """
        both = ops.concatenate([real, painted], axis=0)
        maps = self.features(to_encoder(both, self.encoder), training=False)
        maps = maps if isinstance(maps, list) else [maps]
        distances = []
        for one in maps:
            first, second = ops.split(ops.cast(one, "float32"), 2, axis=0)
            scale = ops.stop_gradient(ops.mean(ops.square(first))) + 1e-6
            distances.append(ops.mean(ops.square(first - second)) / scale)
        return sum(distances[1:], distances[0]) / len(distances)
