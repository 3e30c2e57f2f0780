"""Whether a picture is real and of its words."""

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
    """Tells real pictures with their words from all else.

    Convolutions of stride 2 under spectral normalisation down to a map of 4 x 4, where
    the sentence comes in. As pictures are the costly part, they are read once
    (`read`), and judged with several sentences (`judge`).

    A functional Keras model. Input: `{"image": float (batch, resolution, resolution,
    3) in [-1, 1], "sentence": float (batch, sentence_dim)}`. Output: float32
    (batch,), high for real.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the pictures: 32, 64 or 128.
        width: channels of the first map, at half the resolution.
        condition_dim: width that the sentence is brought to.
        conditioning: `"concatenated"`: the sentence is laid beside each of the 4 x 4
            places, and convolutions read both; `"projection"`: an inner product of
            the picture's vector and the sentence is added (Miyato and Koyama 2018).
        name: of the Keras model.

    Attributes:
        read: a model of pictures to maps (batch, 4, 4, channels).
        judge: a model of `{"map", "sentence"}` to scores (batch,).

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import Discriminator
    >>> discriminator = Discriminator(sentence_dim=8, resolution=32, width=4)
    >>> pictures = np.zeros((2, 32, 32, 3), "float32")
    >>> sentences = np.zeros((2, 8), "float32")
    >>> tuple(discriminator({"image": pictures, "sentence": sentences}).shape)
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
                count, 4, strides=2, padding="same", name=f"half_{resolution >> i + 1}"
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
