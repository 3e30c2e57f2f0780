"""The settings of a VAE's training."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.feature_distance import VGG16_LAYERS
from keras_imgdesc.painting.learning.vae_objective import VaeObjective
from keras_imgdesc.training.painter.recipe import PainterRecipe


@dataclass(frozen=True)
class VaeRecipe(PainterRecipe, VaeObjective, kind="vae"):
    """Settings of `train_painter` for a `ConditionalVAE`.

    The settings of `PainterRecipe` and the weights of losses in `VaeObjective` are
    settings, too.

    Attributes:
        vae_encoder_from: run directory of a VAE, whose encoder training starts from;
            None starts from new weights. Excludes `vae_encoder_options`.
        vae_encoder_options: arguments of `VaeEncoder`, except those that other settings
            decide.
        generator_after: epochs in which the generator of `generator_from` stays
            frozen: a new encoder first learns the noise of that generator.
        prior_epochs: epochs of `fit_noise_prior` after the training, for a generator
            with `prior_layers` in `generator_options`, or with a prior in
            `generator_from`, which is fitted from new weights.
        sharpening_rounds: rounds of the `Sharpening` of painted images, which are
            softer than real ones; the losses compare unsharpened images.
        perceptual_layers: layers of the matcher's image encoder that the perceptual
            loss compares; see `FeatureDistance`.
        noise_warm_up: epochs in which `noise_weight` rises to its value in equal
            steps: a VAE first has to learn to use its noise at all (Bowman et al.
            2016, https://arxiv.org/abs/1511.06349).

    Example:

    >>> from keras_imgdesc.training.painter.vae_recipe import VaeRecipe
    >>> recipe = VaeRecipe(noise_weight=3.0, noise_warm_up=2)
    >>> [recipe.objective(epoch).noise_weight for epoch in range(4)]
    [1.0, 2.0, 3.0, 3.0]
    """

    RENAMED: ClassVar[Mapping[str, str]] = {
        "encoder_from": "vae_encoder_from",
        "encoder_options": "vae_encoder_options",
    }
    DECIDED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **PainterRecipe.DECIDED,
        "vae_encoder_options": ("sentence_dim", "resolution", "noise_dim"),
    }

    kind: str = "vae"
    noise_weight: float = 0.5
    vae_encoder_from: str | None = None
    vae_encoder_options: dict[str, Any] = field(default_factory=dict)
    generator_after: int = 0
    prior_epochs: int = 0
    sharpening_rounds: int = 0
    perceptual_layers: list[str] = field(default_factory=lambda: list(VGG16_LAYERS))
    noise_warm_up: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(generator_after=0, noise_warm_up=0, sharpening_rounds=0)
        if self.vae_encoder_from and self.vae_encoder_options:
            raise InputError(
                "The encoder of vae_encoder_from already has its shape",
                "Remove vae_encoder_from or vae_encoder_options",
                vae_encoder_from=self.vae_encoder_from,
                vae_encoder_options=self.vae_encoder_options,
            )
        if self.generator_after and not self.generator_from:
            raise InputError(
                "Only a generator that is already trained can be frozen at first",
                "Set generator_from to its preset, or generator_after to 0",
                generator_after=self.generator_after,
                generator_from=self.generator_from,
            )
        prior_layers = self.generator_options.get("prior_layers", 0)
        if not self.generator_from and bool(self.prior_epochs) != bool(prior_layers):
            raise InputError(
                "A noise prior needs layers and epochs in which they are fitted",
                "Set both prior_epochs and generator_options['prior_layers'], or "
                "neither",
                prior_epochs=self.prior_epochs,
                prior_layers=prior_layers,
            )

    @property
    def needs_matcher(self) -> bool:
        """Whether a loss needs a matcher."""
        return self.perceptual_weight > 0 or super().needs_matcher

    def objective(self, epoch: int | None = None) -> VaeObjective:
        """Return the objective of an epoch, counted from 0; None is the last one's."""
        share = 1.0
        if epoch is not None:
            share = min(1.0, (epoch + 1) / (self.noise_warm_up + 1))
        values = {each.name: getattr(self, each.name) for each in fields(VaeObjective)}
        return VaeObjective(
            **values
            | {
                "matching_weight": self.matching_weight_of(epoch),
                "noise_weight": share * self.noise_weight,
            }
        )
