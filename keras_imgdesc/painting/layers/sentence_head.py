"""The end of a discriminator, where the sentence comes in."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.layers.spectral_layers import SpectralConv2D, SpectralDense

CONDITIONINGS = ("concatenated", "projection")


class SentenceHead:
    """Scores a map of 4 x 4 and a sentence.

    Args:
        channels: of the map.
        width: a quarter of the channels of its own map.
        condition_dim: width that the sentence is brought to.
        conditioning: `"concatenated"` or `"projection"`, see `Discriminator`.
        suffix: of its layers' names.

    Raises:
        InputError: another conditioning.
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
                f"conditioning must be one of {CONDITIONINGS}",
                "Choose one of them",
                conditioning=conditioning,
            )
        self.width = width
        self.text = SpectralDense(condition_dim, name=f"text{suffix}")
        self.joined = SpectralConv2D(
            4 * width, 3, padding="same", name=f"joined{suffix}"
        )
        self.score = SpectralDense(1, name=f"score{suffix}")
        self.project = None
        if conditioning == "projection":
            self.project = SpectralDense(channels, name=f"project{suffix}")

    def __call__(self, maps: Any, sentence: Any) -> Any:
        """Float32 (batch, 1) of maps (batch, 4, 4, channels) and whitened sentences."""
        words = leaky(self.text(sentence))
        seen = maps
        if self.project is None:
            # A convolution of the sentence laid beside the map.
            spread = ops.tile(words[:, None, None, :], (1, 4, 4, 1))
            seen = ops.concatenate([maps, ops.cast(spread, maps.dtype)], axis=-1)
        x = leaky(self.joined(seen))
        scores = self.score(ops.reshape(x, (-1, 16 * 4 * self.width)))
        scores = ops.cast(scores, "float32")
        if self.project is not None:
            vector = ops.cast(ops.sum(maps, axis=(1, 2)), "float32")
            product = vector * ops.cast(self.project(words), "float32")
            scores = scores + ops.sum(product, axis=-1, keepdims=True)
        return scores


def leaky(x: Any) -> Any:
    return ops.leaky_relu(x, 0.2)
