"""A discriminator of images and sentences."""

from __future__ import annotations

from typing import Any

import keras

from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.painting.layers.sentence_head import SentenceHead, leaky
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D
from keras_imgdesc.painting.networks.resolutions import channels_of_maps


@keras.saving.register_keras_serializable("keras_imgdesc")
class Discriminator(keras.Model):
    """Tell real images with their own sentences from all other pairs.

    Convolutions of stride 2 under spectral normalization reduce the image to a 4 x 4
    map, which is scored together with the sentence. Reading images is the expensive
    part, so it is a separate model (`read`), and one map can be scored with several
    sentences (`judge`).

    A functional Keras model. Input: `{"image": float (batch, resolution, resolution,
    3) in [-1, 1], "sentence": float (batch, sentence_dim)}`. Output: float32
    (batch,), high for real.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the images in pixels: 32, 64 or 128.
        width: channels of the first map, at half the resolution.
        condition_dim: width that the sentence is projected to.
        conditioning: `"concatenated"` appends the sentence to each of the 4 x 4
            locations before a convolution; `"projection"` adds an inner product of the
            image's vector and the sentence (Miyato and Koyama 2018).
        name: name of the Keras model.

    Attributes:
        read: model from images to maps (batch, 4, 4, channels).
        judge: model from `{"map", "sentence"}` to scores (batch,).

    Raises:
        InputError: an argument is out of range or unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import Discriminator
    >>> discriminator = Discriminator(sentence_dim=8, resolution=32, width=4)
    >>> images = np.zeros((2, 32, 32, 3), "float32")
    >>> sentences = np.zeros((2, 8), "float32")
    >>> tuple(discriminator({"image": images, "sentence": sentences}).shape)
    (2,)
    """

    def __init__(
        self,
        sentence_dim: int,
        resolution: int = 64,
        width: int = 32,
        condition_dim: int = 128,
        conditioning: str = "concatenated",
        name: str = "discriminator",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        channels = channels_of_maps(resolution, width)[::-1]

        # === Layers ===
        halves = [
            SpectralConv2D(
                count,
                4,
                strides=2,
                padding="same",
                name=f"half_{resolution >> i + 1}",
                data_format="channels_last",
            )
            for i, count in enumerate(channels)
        ]
        whitening = SentenceWhitening(name="whitening")
        head = SentenceHead(channels[-1], width, condition_dim, conditioning)

        # === Functional Model ===
        image = keras.Input((resolution, resolution, 3), name="image")
        x = image
        for half in halves:
            x = leaky(half(x))
        read = keras.Model(image, x, name="read")

        maps = keras.Input((4, 4, channels[-1]), name="map")
        sentence = keras.Input((sentence_dim,), name="sentence")
        judge = keras.Model(
            {"map": maps, "sentence": sentence},
            head(maps, whitening(sentence))[:, 0],
            name="judge",
        )
        super().__init__(
            inputs={"image": image, "sentence": sentence},
            outputs=judge({"map": read(image), "sentence": sentence}),
            name=name,
        )

        # === Config ===
        self.sentence_dim = sentence_dim
        self.resolution = resolution
        self.width = width
        self.condition_dim = condition_dim
        self.conditioning = conditioning
        self.read = read
        self.judge = judge
        self.whitening = whitening

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence_dim": self.sentence_dim,
            "resolution": self.resolution,
            "width": self.width,
            "condition_dim": self.condition_dim,
            "conditioning": self.conditioning,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)
