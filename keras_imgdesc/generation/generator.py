"""Words and noise to a picture."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import refuse_unknown_options
from keras_imgdesc.generation.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)
from keras_imgdesc.generation.conditioning_augmentation import ConditioningAugmentation
from keras_imgdesc.generation.resolutions import channels_of_maps
from keras_imgdesc.generation.sentence_whitening import SentenceWhitening


@keras.saving.register_keras_serializable("keras_imgdesc")
class Generator(keras.Model):
    """Paints a picture from a sentence vector and noise.

    A map of 4 x 4 is made of condition and noise and doubled by transposed
    convolutions of 4 x 4, each followed by a conditional batch normalisation, until it
    is the picture. Where a map is at most `refined_size` wide, a residual convolution
    follows: that is where things are given their places.

    A functional Keras model. Input: `{"sentence": float (batch, sentence_dim),
    "noise": float (batch, latent_dim)}`, the noise standard normal: the picture's
    and, behind it, that of `ConditioningAugmentation`. Output: `{"image": float32
    (batch, resolution, resolution, 3) in [-1, 1], "mean", "log_variance": float32
    (batch, condition_dim)}`, the latter two of the condition.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the picture: 32, 64 or 128.
        width: channels of the last map, at half the resolution; maps of half the size
            have twice as many, eight times `width` at most.
        noise_dim: width of the picture's noise.
        condition_dim: width of the condition.
        refined_size: side up to which maps are refined; 0 refines none.
        name: of the Keras model.

    Attributes:
        latent_dim: `noise_dim + condition_dim`.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.generation import Generator
    >>> generator = Generator(sentence_dim=8, resolution=32, width=4, noise_dim=5,
    ...                       condition_dim=6)
    >>> noise = np.zeros((2, generator.latent_dim), "float32")
    >>> painted = generator({"sentence": np.ones((2, 8), "float32"), "noise": noise})
    >>> tuple(painted["image"].shape), bool(np.abs(painted["image"]).max() <= 1)
    ((2, 32, 32, 3), True)

    Reference:
        Radford et al., "Unsupervised Representation Learning with Deep Convolutional
        Generative Adversarial Networks", https://arxiv.org/abs/1511.06434
    """

    def __init__(
        self,
        sentence_dim: int,
        resolution: int = 64,
        width: int = 32,
        noise_dim: int = 64,
        condition_dim: int = 128,
        refined_size: int = 16,
        name: str = "generator",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        channels = channels_of_maps(resolution, width)

        # === Layers ===
        whitening = SentenceWhitening(name="whitening")
        augmentation = ConditioningAugmentation(condition_dim, name="augmentation")
        start = keras.layers.Dense(16 * channels[0], use_bias=False, name="start")
        maps = [_Map(side, count, refined_size) for side, count in _sides(channels)]
        picture = keras.layers.Conv2DTranspose(
            3, 4, strides=2, padding="same", name="picture"
        )

        # === Functional Model ===
        sentence = keras.Input((sentence_dim,), name="sentence")
        noise = keras.Input((noise_dim + condition_dim,), name="noise")
        condition, mean, log_variance = augmentation(
            whitening(sentence), noise[:, noise_dim:]
        )
        code = ops.concatenate([noise[:, :noise_dim], condition], axis=-1)
        x = ops.reshape(start(code), (-1, 4, 4, channels[0]))
        for one in maps:
            x = one(x, code)
        image = ops.tanh(ops.cast(picture(x), "float32"))
        super().__init__(
            inputs={"sentence": sentence, "noise": noise},
            outputs={"image": image, "mean": mean, "log_variance": log_variance},
            name=name,
        )

        # === Config ===
        self.sentence_dim = sentence_dim
        self.resolution = resolution
        self.width = width
        self.noise_dim = noise_dim
        self.condition_dim = condition_dim
        self.refined_size = refined_size
        self.whitening = whitening

    @property
    def latent_dim(self) -> int:
        """Width of the noise."""
        return self.noise_dim + self.condition_dim

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence_dim": self.sentence_dim,
            "resolution": self.resolution,
            "width": self.width,
            "noise_dim": self.noise_dim,
            "condition_dim": self.condition_dim,
            "refined_size": self.refined_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


class _Map:
    """The layers that make one map from the one of half its size."""

    def __init__(self, side: int, channels: int, refined_size: int) -> None:
        conv = {"padding": "same", "use_bias": False}
        self.double = None
        if side > 4:
            self.double = keras.layers.Conv2DTranspose(
                channels, 4, strides=2, name=f"double_{side}", **conv
            )
        self.norm = ConditionalBatchNormalization(name=f"norm_{side}")
        self.refine = None
        if side <= refined_size:
            self.refine = keras.layers.Conv2D(
                channels, 3, name=f"refine_{side}", **conv
            )
            self.refined_norm = ConditionalBatchNormalization(
                name=f"refined_norm_{side}"
            )

    def __call__(self, x: Any, code: Any) -> Any:
        if self.double is not None:
            x = self.double(x)
        x = ops.relu(self.norm(x, code))
        if self.refine is not None:
            x = ops.relu(x + self.refined_norm(self.refine(x), code))
        return x


def _sides(channels: list[int]) -> list[tuple[int, int]]:
    return [(4 << index, count) for index, count in enumerate(channels)]
