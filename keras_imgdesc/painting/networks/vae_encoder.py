"""The encoder of a variational autoencoder: an image to its noise."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.networks.resolutions import channels_of_maps


@keras.saving.register_keras_serializable("keras_imgdesc")
class VaeEncoder(keras.Model):
    """The encoder of a conditional variational autoencoder.

    It returns the distribution of the noise from which an image could have been
    painted, given its sentence.

    A functional Keras model. Input: `{"image": float (batch, resolution, resolution,
    3) in [-1, 1], "sentence": float (batch, sentence_dim)}`. Output: `{"mean",
    "log_variance": float32 (batch, noise_dim)}`.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the images in pixels: 32, 64 or 128.
        width: channels of the first map, at half the resolution.
        noise_dim: width of the noise.
        condition_dim: width that the sentence is projected to.
        name: name of the Keras model.

    Raises:
        InputError: an argument is out of range or unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import VaeEncoder
    >>> encoder = VaeEncoder(sentence_dim=8, resolution=32, width=4, noise_dim=5)
    >>> images, sentences = np.zeros((2, 32, 32, 3)), np.ones((2, 8))
    >>> encoded = encoder({"image": images, "sentence": sentences})
    >>> tuple(encoded["mean"].shape)
    (2, 5)
    """

    def __init__(
        self,
        sentence_dim: int,
        resolution: int = 64,
        width: int = 32,
        noise_dim: int = 64,
        condition_dim: int = 128,
        name: str = "vae_encoder",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        channels = channels_of_maps(resolution, width)[::-1]

        # === Layers ===
        halves = [
            keras.layers.Conv2D(
                count,
                4,
                strides=2,
                padding="same",
                name=f"half_{resolution >> i + 1}",
                data_format="channels_last",
            )
            for i, count in enumerate(channels)
        ]
        norms = [
            keras.layers.GroupNormalization(groups=1, name=f"norm_{i}")
            for i in range(1, len(channels))
        ]
        whitening = SentenceWhitening(name="whitening")
        text = keras.layers.Dense(condition_dim, "leaky_relu", name="text")
        hidden = keras.layers.Dense(4 * condition_dim, "leaky_relu", name="hidden")
        mean = keras.layers.Dense(noise_dim, name="mean")
        log_variance = keras.layers.Dense(
            noise_dim, kernel_initializer="zeros", name="log_variance"
        )

        # === Functional Model ===
        image = keras.Input((resolution, resolution, 3), name="image")
        sentence = keras.Input((sentence_dim,), name="sentence")
        x = image
        for index, half in enumerate(halves):
            x = half(x)
            x = ops.leaky_relu(norms[index - 1](x) if index else x, 0.2)
        flat = ops.reshape(x, (-1, 16 * channels[-1]))
        both = ops.concatenate([flat, text(whitening(sentence))], axis=-1)
        x = hidden(both)
        super().__init__(
            inputs={"image": image, "sentence": sentence},
            outputs={
                "mean": ops.cast(mean(x), "float32"),
                "log_variance": ops.cast(log_variance(x), "float32"),
            },
            name=name,
        )

        # === Config ===
        self.sentence_dim = sentence_dim
        self.resolution = resolution
        self.width = width
        self.noise_dim = noise_dim
        self.condition_dim = condition_dim
        self.whitening = whitening

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence_dim": self.sentence_dim,
            "resolution": self.resolution,
            "width": self.width,
            "noise_dim": self.noise_dim,
            "condition_dim": self.condition_dim,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


# The name under which files of earlier versions have this class.
keras.saving.get_custom_objects()["keras_imgdesc>PictureEncoder"] = VaeEncoder
