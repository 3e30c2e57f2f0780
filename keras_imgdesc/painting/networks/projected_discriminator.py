"""A discriminator that sees through a trained image encoder."""

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
    """Tells real pictures with their words from all else, by an encoder's maps.

    What is real in a few thousand pictures is learned much sooner from the maps of an
    encoder that knows pictures already. Those of a quarter of the resolution, an
    eighth and so on down to 4 x 4 are each brought to 4 x 4 and scored by a head of
    its own, so that neither texture nor layout can be left out. The encoder stays as
    it is. As it overlooks what does not matter to it, patterns of single pixels above
    all, one more head sees the pixels themselves.

    A functional Keras model. Input: as that of `Discriminator`. Output: float32
    (batch, heads), high for real, the pixels' head first, then that of the largest
    maps.

    Args:
        encoder: one of `keras_imgdesc.vision`; its weights are copied.
        sentence_dim: width of the sentence vectors.
        resolution: side of the pictures: 32, 64 or 128.
        width: each head's map of 4 x 4 has four times as many channels.
        condition_dim: width that the sentence is brought to.
        conditioning: see `Discriminator`.
        name: of the Keras model.

    Attributes:
        read: a model of pictures to maps (batch, 4, 4, channels), those of all heads
            side by side.
        judge: a model of `{"map", "sentence"}` to scores (batch, heads).

    Raises:
        InputError: the encoder has no map of 4 x 4 at this resolution, or an option is
            unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc import VGG16Encoder
    >>> from keras_imgdesc.painting import ProjectedDiscriminator
    >>> encoder = VGG16Encoder(image_size=48, width=0.0625)
    >>> discriminator = ProjectedDiscriminator(encoder, sentence_dim=8, width=4)
    >>> pictures = np.zeros((2, 64, 64, 3), "float32")
    >>> sentences = np.zeros((2, 8), "float32")
    >>> tuple(discriminator({"image": pictures, "sentence": sentences}).shape)
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
        eyes, sides = _eyes(encoder, resolution)

        # === Layers ===
        most = 4 * width
        pixels = _Way("_pixels", channels_of_maps(resolution, width, most)[::-1], None)
        ways = [
            _Way(f"_{side}", [most] * ((side // 4).bit_length() - 1), most)
            for side in sides
        ]
        whitening = SentenceWhitening(name="whitening")
        heads = [
            SentenceHead(most, width, condition_dim, conditioning, suffix)
            for suffix in ("_pixels", *(f"_{side}" for side in sides))
        ]

        # === Functional Model ===
        image = keras.Input((resolution, resolution, 3), name="image")
        found = [pixels(image)]
        found += [way(one) for way, one in zip(ways, eyes(image), strict=True)]
        read = keras.Model(image, ops.concatenate(found, axis=-1), name="read")
        maps = keras.Input(read.output.shape[1:], name="map")
        sentence = keras.Input((sentence_dim,), name="sentence")
        said = whitening(sentence)
        parts = ops.split(maps, len(heads), axis=-1)
        scores = [head(part, said) for head, part in zip(heads, parts, strict=True)]
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


def _eyes(encoder: Any, resolution: int) -> tuple[Any, list[int]]:
    """A frozen copy of an encoder and the sides of the maps that it gives.

    Takes pixels in [-1, 1], gives of each side the deepest map.
    """
    largest = resolution // 4
    copy = encoder.resized(resolution)
    deepest = {
        layer.output.shape[1]: layer.output for layer in copy.layers if layer.weights
    }
    sides = [side for side in sorted(deepest, reverse=True) if 4 <= side <= largest]
    if 4 not in sides:
        raise InputError(
            "An encoder to see through must have a map of 4 x 4",
            "Use one that halves pictures more often, or paint larger ones",
            encoder=encoder.name,
            resolution=resolution,
            maps=sorted(deepest, reverse=True),
        )
    maps = keras.Model(copy.input, [deepest[side] for side in sides], name="maps")
    maps.trainable = False
    image = keras.Input((resolution, resolution, 3), name="image")
    found = maps(image * 127.5 + 127.5)
    found = found if isinstance(found, list) else [found]
    eyes = keras.Model(image, [_level(one) for one in found], name="eyes")
    return eyes, sides


def _level(maps: Any) -> Any:
    """Maps whose channels have a mean square of one at each place."""
    values = ops.cast(maps, "float32")
    size = ops.mean(ops.square(values), axis=-1, keepdims=True)
    return ops.cast(values * ops.rsqrt(size + 1e-4), maps.dtype)


class _Way:
    """Convolutions that bring a map to 4 x 4: first one of each place, then halving."""

    def __init__(self, suffix: str, halves: list[int], first: int | None) -> None:
        self.convolutions = [
            SpectralConv2D(
                channels, 4, strides=2, padding="same", name=f"half{suffix}_{i}"
            )
            for i, channels in enumerate(halves)
        ]
        if first is not None:
            self.convolutions.insert(0, SpectralConv2D(first, 1, name=f"first{suffix}"))

    def __call__(self, x: Any) -> Any:
        for convolution in self.convolutions:
            x = leaky(convolution(x))
        return x
