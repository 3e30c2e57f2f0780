"""The generator: sentence and noise to an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError, refuse_unknown_options
from keras_imgdesc.painting.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)
from keras_imgdesc.painting.layers.conditioning_augmentation import (
    ConditioningAugmentation,
)
from keras_imgdesc.painting.layers.noise_prior import NoisePrior
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.layers.sharpening import Sharpening
from keras_imgdesc.painting.layers.word_attention import WordAttention
from keras_imgdesc.painting.networks.resolutions import channels_of_maps
from keras_imgdesc.sizes import NumLayers

# Of each convolution, whatever Keras' own image_data_format is.
_SAME: dict[str, Any] = {"padding": "same", "data_format": "channels_last"}


@keras.saving.register_keras_serializable("keras_imgdesc")
class Generator(keras.Model):
    """Paint an image from a sentence vector and noise.

    A 4 x 4 map is computed from condition and noise and doubled by transposed
    convolutions of 4 x 4, each followed by a conditional batch normalization, up to the
    image. Maps of a side up to `refined_size` are refined by a residual convolution,
    which arranges the objects. If `refined_size` is the resolution, the image is
    refined, too: a map of its size, half as wide as the last one, is projected to
    colours and added, which sharpens edges.

    With `word_dim`, maps from 8 x 8 to `attended_size` attend to the single words
    (`WordAttention`), followed by a residual convolution.

    A functional Keras model. Input: `{"sentence": float (batch, sentence_dim),
    "noise": float (batch, latent_dim)}`, with standard normal noise: `noise_dim` values
    for the image, then `condition_dim` for `ConditioningAugmentation`. With `word_dim`
    also `"words"`, float (batch, words, word_dim), zero where there is padding. Output:
    `{"image": float32 (batch, resolution, resolution, 3) in [-1, 1], "mean",
    "log_variance": float32 (batch, condition_dim)}`, the latter two of the condition.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the image in pixels: 32, 64 or 128.
        width: channels of the last map, at half the resolution. Each map has twice as
            many as the next, at most eight times `width`.
        noise_dim: width of the image's noise.
        condition_dim: width of the condition.
        refined_size: largest side of a map that is refined, up to the resolution; 0
            refines none.
        most_channels: upper limit of the channels of a map; None sets none.
        word_dim: width of the word vectors; None attends to no words.
        attended_size: largest side of a map that attends to words.
        prior_layers: number of layers of a `NoisePrior` for the image's noise; 0 for
            no prior.
        sharpening_rounds: rounds of a `Sharpening` of the image; 0 for none.
        temperature: factor of the noise. Below 1 images are more typical and more alike
            (Kingma and Dhariwal 2018, https://arxiv.org/abs/1807.03039).
        name: name of the Keras model.

    Attributes:
        latent_dim: `noise_dim + condition_dim`.

    Raises:
        InputError: an argument is out of range or unknown.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.painting import Generator
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
        most_channels: int | None = None,
        word_dim: int | None = None,
        attended_size: int = 16,
        prior_layers: NumLayers = 0,
        sharpening_rounds: NumLayers = 0,
        temperature: float = 1.0,
        name: str = "generator",
        **unknown: Any,
    ) -> None:
        refuse_unknown_options(type(self), unknown)
        channels = channels_of_maps(resolution, width, most_channels)

        # === Layers ===
        whitening = SentenceWhitening(name="whitening")
        augmentation = ConditioningAugmentation(condition_dim, name="augmentation")
        prior = NoisePrior(prior_layers, name="prior") if prior_layers else None
        start = keras.layers.Dense(16 * channels[0], use_bias=False, name="start")
        attended = 0 if word_dim is None else attended_size
        maps = [
            _Map(4 << index, count, refined_size, attended)
            for index, count in enumerate(channels)
        ]
        # "picture" is the name in the weights of every preset.
        to_image = keras.layers.Conv2DTranspose(
            3, 4, strides=2, name="picture", **_SAME
        )
        finest = None
        if refined_size >= resolution:
            finest = _Map(resolution, max(1, channels[-1] // 2), refined_size, 0)
            detail = keras.layers.Conv2D(3, 3, name="refined_picture", **_SAME)

        # === Functional Model ===
        sentence = keras.Input((sentence_dim,), name="sentence")
        noise = keras.Input((noise_dim + condition_dim,), name="noise")
        inputs = {"sentence": sentence, "noise": noise}
        if word_dim is not None:
            inputs["words"] = keras.Input((None, word_dim), name="words")
        white = whitening(sentence)
        tempered = noise if temperature == 1 else noise * temperature
        condition, mean, log_variance = augmentation(white, tempered[:, noise_dim:])
        own = tempered[:, :noise_dim]
        if prior is not None:
            own = prior(own, white)
        code = ops.concatenate([own, condition], axis=-1)
        x = ops.reshape(start(code), (-1, 4, 4, channels[0]))
        for double in maps:
            x = double(x, code, inputs.get("words"))
        painted = to_image(x)
        if finest is not None:
            painted += detail(finest(x, code, None))
        image = ops.tanh(ops.cast(painted, "float32"))
        if sharpening_rounds:
            image = Sharpening(sharpening_rounds, dtype="float32")(image)
        super().__init__(
            inputs=inputs,
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
        self.most_channels = most_channels
        self.word_dim = word_dim
        self.attended_size = attended_size
        self.prior_layers = prior_layers
        self.sharpening_rounds = sharpening_rounds
        self.temperature = temperature
        self.prior = prior
        self.whitening = whitening

    @property
    def latent_dim(self) -> int:
        """Width of the noise."""
        return self.noise_dim + self.condition_dim

    def inputs_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Select the generator's inputs from a dict."""
        names = ["sentence", "noise"]
        names += [] if self.word_dim is None else ["words"]
        return {name: values[name] for name in names}

    def refined(self, size: int) -> Generator:
        """Return a generator that paints the same images and refines larger maps.

        Args:
            size: its `refined_size`. The output of a new convolution is zero until it
                is trained.

        Raises:
            InputError: `size` is below the present `refined_size`.
        """
        if size < self.refined_size:
            raise InputError(
                "refined_size of an existing generator can only be increased",
                f"Set refined_size to {self.refined_size} or more",
                refined_size=size,
            )
        larger = self.reinitialized(refined_size=size)
        before = {layer.name: layer for layer in self.layers}
        for layer in larger.layers:
            if layer.name in before:
                layer.set_weights(before[layer.name].get_weights())
            elif layer.name.startswith("refined_norm_"):
                layer.zero_output()
            elif layer.name == "refined_picture":
                layer.set_weights([np.zeros(w.shape) for w in layer.weights])
        return larger

    def painting(
        self, *, sharpening_rounds: int | None = None, temperature: float | None = None
    ) -> Generator:
        """Return a generator with the same weights and other settings of painting.

        Args:
            sharpening_rounds, temperature: see the class; None keeps the value.
        """
        changes = {"sharpening_rounds": sharpening_rounds, "temperature": temperature}
        given = {name: value for name, value in changes.items() if value is not None}
        same = self.reinitialized(**given)
        same.set_weights(self.get_weights())
        return same

    def reinitialized(self, **changes: Any) -> Generator:
        """Return a generator of the same configuration and dtype policy, newly drawn.

        Args:
            **changes: arguments of the constructor that differ.
        """
        with dtype_policy(self.dtype_policy):
            return type(self).from_config(self.get_config() | changes)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence_dim": self.sentence_dim,
            "resolution": self.resolution,
            "width": self.width,
            "noise_dim": self.noise_dim,
            "condition_dim": self.condition_dim,
            "refined_size": self.refined_size,
            "most_channels": self.most_channels,
            "word_dim": self.word_dim,
            "attended_size": self.attended_size,
            "prior_layers": self.prior_layers,
            "sharpening_rounds": self.sharpening_rounds,
            "temperature": self.temperature,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


class _Map:
    """The layers that compute a map from the one of half its size."""

    def __init__(
        self, side: int, channels: int, refined_size: int, attended_size: int
    ) -> None:
        self.double = None
        if side > 4:
            self.double = keras.layers.Conv2DTranspose(
                channels, 4, strides=2, use_bias=False, name=f"double_{side}", **_SAME
            )
        self.norm = ConditionalBatchNormalization(name=f"norm_{side}")
        self.refine = self.attention = None
        if side <= refined_size:
            self.refine = _Residual(channels, "refine", "refined_norm", side)
        if 8 <= side <= attended_size:
            self.attention = WordAttention(name=f"words_{side}")
            self.spread = _Residual(channels, "spread", "spread_norm", side)

    def __call__(self, x: Any, code: Any, words: Any) -> Any:
        if self.double is not None:
            x = self.double(x)
        x = ops.relu(self.norm(x, code))
        if self.refine is not None:
            x = self.refine(x, code)
        if self.attention is not None:
            x = self.spread(self.attention(x, words, code), code)
        return x


class _Residual:
    """A residual convolution of 3 x 3."""

    def __init__(self, channels: int, conv: str, norm: str, side: int) -> None:
        self.conv = keras.layers.Conv2D(
            channels, 3, use_bias=False, name=f"{conv}_{side}", **_SAME
        )
        self.norm = ConditionalBatchNormalization(name=f"{norm}_{side}")

    def __call__(self, x: Any, code: Any) -> Any:
        return ops.relu(x + self.norm(self.conv(x), code))
