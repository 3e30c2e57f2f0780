"""A discriminator on the features of a trained image encoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.painting.layers.sentence_head import SentenceHead, leaky
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D
from keras_imgdesc.painting.networks.resolutions import channels_of_maps


class ProjectedDiscriminator(keras.Model):
    """Tell real images with their own sentences from all other pairs, by features.

    With the maps of a pretrained encoder, a few thousand images suffice to learn what
    is real. Its maps at a quarter of the resolution, an eighth, and so on down to
    4 x 4, are each reduced to 4 x 4 and scored by a separate head, so that both texture
    and layout count. The encoder is frozen. Because it ignores patterns of single
    pixels, an additional head reads the pixels themselves.

    A functional Keras model. Input: that of `Discriminator`. Output: float32 (batch,
    heads), high for real; the first head reads the pixels, the next the largest map.

    Args:
        encoder: an encoder of `keras_imgdesc.vision`; its weights are copied.
        sentence_dim: width of the sentence vectors.
        resolution: side of the images in pixels: 32, 64 or 128.
        width: a quarter of the channels of each head's 4 x 4 map.
        condition_dim: width that the sentence is projected to.
        conditioning: see `Discriminator`.
        name: name of the Keras model.

    Attributes:
        read: model from images to maps (batch, 4, 4, channels), those of all heads
            concatenated.
        judge: model from `{"map", "sentence"}` to scores (batch, heads).

    Raises:
        InputError: the encoder has no 4 x 4 map at this resolution, or an argument is
            unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import VGG16Encoder
    >>> from keras_imgdesc.painting import ProjectedDiscriminator
    >>> encoder = VGG16Encoder(image_size=48, width=0.0625)
    >>> discriminator = ProjectedDiscriminator(encoder, sentence_dim=8, width=4)
    >>> images = np.zeros((2, 64, 64, 3), "float32")
    >>> sentences = np.zeros((2, 8), "float32")
    >>> tuple(discriminator({"image": images, "sentence": sentences}).shape)
    (2, 4)

    Reference:
        Sauer et al., "Projected GANs Converge Faster", https://arxiv.org/abs/2111.01007
    """

    def __init__(
        self,
        encoder: Any,
        sentence_dim: int,
        resolution: int = 64,
        width: int = 32,
        condition_dim: int = 128,
        conditioning: str = "concatenated",
        name: str = "projected_discriminator",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        features, sides = _features(encoder, resolution)

        # === Layers ===
        most = 4 * width
        pixels = _Reduction(
            "_pixels", channels_of_maps(resolution, width, most)[::-1], None
        )
        reductions = [
            _Reduction(f"_{side}", [most] * ((side // 4).bit_length() - 1), most)
            for side in sides
        ]
        whitening = SentenceWhitening(name="whitening")
        heads = [
            SentenceHead(most, width, condition_dim, conditioning, suffix)
            for suffix in ("_pixels", *(f"_{side}" for side in sides))
        ]

        # === Functional Model ===
        image = keras.Input((resolution, resolution, 3), name="image")
        reduced = [pixels(image)]
        reduced += [
            reduce(level)
            for reduce, level in zip(reductions, features(image), strict=True)
        ]
        read = keras.Model(image, ops.concatenate(reduced, axis=-1), name="read")
        maps = keras.Input(read.output.shape[1:], name="map")
        sentence = keras.Input((sentence_dim,), name="sentence")
        white = whitening(sentence)
        parts = ops.split(maps, len(heads), axis=-1)
        scores = [head(part, white) for head, part in zip(heads, parts, strict=True)]
        judge = keras.Model(
            {"map": maps, "sentence": sentence},
            ops.concatenate(scores, axis=-1),
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


def _features(encoder: Any, resolution: int) -> tuple[Any, list[int]]:
    """Return a frozen model of the encoder's maps, and their sides.

    It takes pixels in [-1, 1] and returns the deepest map of each side.
    """
    largest = resolution // 4
    copy = encoder.resized(resolution)
    deepest = {
        layer.output.shape[1]: layer.output for layer in copy.layers if layer.weights
    }
    sides = [side for side in sorted(deepest, reverse=True) if 4 <= side <= largest]
    if 4 not in sides:
        raise InputError(
            "The encoder must have a map of 4 x 4 at this resolution",
            "Use an encoder with another stride, or another resolution",
            encoder=encoder.name,
            resolution=resolution,
            maps=sorted(deepest, reverse=True),
        )
    maps = keras.Model(copy.input, [deepest[side] for side in sides], name="maps")
    maps.trainable = False
    image = keras.Input((resolution, resolution, 3), name="image")
    found = maps(image * 127.5 + 127.5)
    found = found if isinstance(found, list) else [found]
    features = keras.Model(image, [_normalize(x) for x in found], name="features")
    return features, sides


def _normalize(maps: Any) -> Any:
    """Scale maps so that the mean square of the channels is 1 at each location."""
    values = ops.cast(maps, "float32")
    size = ops.mean(ops.square(values), axis=-1, keepdims=True)
    return ops.cast(values * ops.rsqrt(size + 1e-4), maps.dtype)


class _Reduction:
    """Convolutions that reduce a map to 4 x 4, optionally after one of 1 x 1."""

    def __init__(self, suffix: str, halves: list[int], first: int | None) -> None:
        self.convolutions = [
            SpectralConv2D(
                channels,
                4,
                strides=2,
                padding="same",
                name=f"half{suffix}_{i}",
                data_format="channels_last",
            )
            for i, channels in enumerate(halves)
        ]
        if first is not None:
            self.convolutions.insert(
                0,
                SpectralConv2D(
                    first, 1, name=f"first{suffix}", data_format="channels_last"
                ),
            )

    def __call__(self, x: Any) -> Any:
        for convolution in self.convolutions:
            x = leaky(convolution(x))
        return x
