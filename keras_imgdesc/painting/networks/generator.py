"""Words and noise to a picture."""

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


@keras.saving.register_keras_serializable("keras_imgdesc")
class Generator(keras.Model):
    """Paints a picture from a sentence vector and noise.

    A map of 4 x 4 is made of condition and noise and doubled by transposed
    convolutions of 4 x 4, each followed by a conditional batch normalisation, until it
    is the picture. Where a map is at most `refined_size` wide, a residual convolution
    follows: that is where things are given their places. Where the picture itself is,
    what a map of its size finds, half as wide as the one before, is added to it: that
    is where rims become sharp.

    With `word_dim` maps from 8 x 8 to `attended_size` look at the words themselves
    (`WordAttention`), and a residual convolution spreads what they found.

    A functional Keras model. Input: `{"sentence": float (batch, sentence_dim),
    "noise": float (batch, latent_dim)}`, the noise standard normal: the picture's
    and, behind it, that of `ConditioningAugmentation`; with `word_dim` also `"words"`
    float (batch, words, word_dim), zero where there is padding. Output:
    `{"image": float32 (batch, resolution, resolution, 3) in [-1, 1], "mean",
    "log_variance": float32 (batch, condition_dim)}`, the latter two of the
    condition.

    Args:
        sentence_dim: width of the sentence vectors.
        resolution: side of the picture: 32, 64 or 128.
        width: channels of the last map, at half the resolution; maps of half the size
            have twice as many, eight times `width` at most.
        noise_dim: width of the picture's noise.
        condition_dim: width of the condition.
        refined_size: side up to which maps are refined, the picture among them; 0
            refines none.
        most_channels: no map has more; None sets no limit.
        word_dim: width of the words' vectors; None looks at none.
        attended_size: side up to which maps look at words.
        prior_layers: of a `NoisePrior` that the picture's noise goes through; 0 for
            none.
        sharpening_rounds: of a `Sharpening` of the picture; 0 for none.
        temperature: the noise is multiplied by it: below 1 what is painted is surer
            and more alike (Kingma and Dhariwal 2018,
            https://arxiv.org/abs/1807.03039).
        name: of the Keras model.

    Attributes:
        latent_dim: `noise_dim + condition_dim`.

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
        prior_layers: int = 0,
        sharpening_rounds: int = 0,
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
        picture = keras.layers.Conv2DTranspose(
            3, 4, strides=2, padding="same", name="picture"
        )
        finest = None
        if refined_size >= resolution:
            finest = _Map(resolution, max(1, channels[-1] // 2), refined_size, 0)
            touch = keras.layers.Conv2D(3, 3, padding="same", name="refined_picture")

        # === Functional Model ===
        sentence = keras.Input((sentence_dim,), name="sentence")
        noise = keras.Input((noise_dim + condition_dim,), name="noise")
        inputs = {"sentence": sentence, "noise": noise}
        if word_dim is not None:
            inputs["words"] = keras.Input((None, word_dim), name="words")
        seen = whitening(sentence)
        tempered = noise if temperature == 1 else noise * temperature
        condition, mean, log_variance = augmentation(seen, tempered[:, noise_dim:])
        own = tempered[:, :noise_dim]
        if prior is not None:
            own = prior(own, seen)
        code = ops.concatenate([own, condition], axis=-1)
        x = ops.reshape(start(code), (-1, 4, 4, channels[0]))
        for one in maps:
            x = one(x, code, inputs.get("words"))
        painted = picture(x)
        if finest is not None:
            painted += touch(finest(x, code, None))
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
        """Of a dict what the generator takes."""
        names = ["sentence", "noise"]
        names += [] if self.word_dim is None else ["words"]
        return {name: values[name] for name in names}

    def refined(self, size: int) -> Generator:
        """A generator that paints the same, with larger maps to be refined.

        Args:
            size: its `refined_size`. Convolutions that are new add nothing until they
                are trained.

        Raises:
            InputError: `size` is smaller than it is.
        """
        if size < self.refined_size:
            raise InputError(
                "A generator that there is can only be refined further",
                f"Set refined_size to {self.refined_size} or more",
                refined_size=size,
            )
        larger = self.reinitialized(refined_size=size)
        before = {layer.name: layer for layer in self.layers}
        for layer in larger.layers:
            if layer.name in before:
                layer.set_weights(before[layer.name].get_weights())
            elif layer.name.startswith("refined_norm_"):
                layer.silence()
            elif layer.name == "refined_picture":
                layer.set_weights([np.zeros(w.shape) for w in layer.weights])
        return larger

    def painting(
        self, *, sharpening_rounds: int | None = None, temperature: float | None = None
    ) -> Generator:
        """A generator of the same weights that paints otherwise.

        Args:
            sharpening_rounds, temperature: see above; None leaves what it has.
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
    """The layers that make one map from the one of half its size."""

    def __init__(
        self, side: int, channels: int, refined_size: int, attended_size: int
    ) -> None:
        self.double = None
        if side > 4:
            self.double = keras.layers.Conv2DTranspose(
                channels,
                4,
                strides=2,
                padding="same",
                use_bias=False,
                name=f"double_{side}",
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
    """What a convolution of 3 x 3 adds to a map."""

    def __init__(self, channels: int, conv: str, norm: str, side: int) -> None:
        self.conv = keras.layers.Conv2D(
            channels, 3, padding="same", use_bias=False, name=f"{conv}_{side}"
        )
        self.norm = ConditionalBatchNormalization(name=f"{norm}_{side}")

    def __call__(self, x: Any, code: Any) -> Any:
        return ops.relu(x + self.norm(self.conv(x), code))
