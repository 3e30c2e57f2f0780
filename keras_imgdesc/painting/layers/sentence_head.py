"""The end of a discriminator, which reads the sentence."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D, SpectralDense

CONDITIONINGS = ("concatenated", "projection")


class SentenceHead:
    """Layers that score a 4 x 4 map together with a sentence.

    Args:
        channels: channels of the map.
        width: a quarter of the channels of the convolution over the map.
        condition_dim: width that the sentence is projected to.
        conditioning: `"concatenated"` or `"projection"`; see `Discriminator`.
        suffix: end of the layers' names.

    Raises:
        InputError: `conditioning` is unknown.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        condition_dim: int,
        conditioning: str,
        suffix: str = "",
    ) -> None:
        if conditioning not in CONDITIONINGS:
            raise InputError(
                f"conditioning must be one of {list(CONDITIONINGS)}",
                f"Use one of {list(CONDITIONINGS)}",
                conditioning=conditioning,
            )
        self.width = width
        self.text = SpectralDense(condition_dim, name=f"text{suffix}")
        self.joined = SpectralConv2D(
            4 * width,
            3,
            padding="same",
            name=f"joined{suffix}",
            data_format="channels_last",
        )
        self.score = SpectralDense(1, name=f"score{suffix}")
        self.project = None
        if conditioning == "projection":
            self.project = SpectralDense(channels, name=f"project{suffix}")

    def __call__(self, maps: Any, sentence: Any) -> Any:
        """Score maps.

        Args:
            maps: float (batch, 4, 4, channels).
            sentence: float (batch, dim), whitened.

        Returns:
            float32 (batch, 1).
        """
        words = leaky(self.text(sentence))
        inputs = maps
        if self.project is None:
            # The convolution reads the sentence at each location of the map.
            spread = ops.tile(words[:, None, None, :], (1, 4, 4, 1))
            inputs = ops.concatenate([maps, ops.cast(spread, maps.dtype)], axis=-1)
        x = leaky(self.joined(inputs))
        scores = self.score(ops.reshape(x, (-1, 16 * 4 * self.width)))
        scores = ops.cast(scores, "float32")
        if self.project is not None:
            vector = ops.cast(ops.sum(maps, axis=(1, 2)), "float32")
            product = vector * ops.cast(self.project(words), "float32")
            scores = scores + ops.sum(product, axis=-1, keepdims=True)
        return scores


def leaky(x: Any) -> Any:
    """Apply a leaky ReLU of slope 0.2."""
    return ops.leaky_relu(x, 0.2)
