"""The settings of a GAN's training."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.learning.augmentation import AUGMENTATIONS
from keras_imgdesc.painting.learning.gan_objective import GanObjective
from keras_imgdesc.painting.learning.losses import ADVERSARIAL_LOSSES
from keras_imgdesc.training.painter.recipe import PainterRecipe


@dataclass(frozen=True)
class GanRecipe(PainterRecipe, GanObjective, kind="dcgan"):
    """Settings of `train_painter` for a `ConditionalGAN`.

    The settings of `PainterRecipe` and the losses and augmentations of `GanObjective`
    are settings, too. The anchor is the generator of `generator_from` as it was when
    training began.

    Attributes:
        discriminator_options: arguments of `Discriminator` or
            `ProjectedDiscriminator`, except those that other settings decide.
        projected: whether the discriminator is a `ProjectedDiscriminator`, on the image
            encoder of a matcher in `text_encoder_from`.
        hard_mismatch: number of mismatched captions that `WordSwaps` makes of each
            caption, of which one per step counts as fake with the real image; 0 makes
            none.
        exchangeable: lists of phrases that exclude each other, for `WordSwaps`.
        discriminator_learning_rate: peak learning rate of the discriminator.

    Example:

    >>> from keras_imgdesc.training.painter.gan_recipe import GanRecipe
    >>> GanRecipe(epochs=3, contrast_weight=1.0).objective().contrast_weight
    1.0
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"changes": "augmentations"}
    DECIDED: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **PainterRecipe.DECIDED,
        "discriminator_options": ("encoder", "sentence_dim", "resolution"),
    }

    kind: str = "dcgan"
    discriminator_options: dict[str, Any] = field(default_factory=dict)
    projected: bool = False
    hard_mismatch: int = 0
    exchangeable: list[list[str]] = field(default_factory=list)
    discriminator_learning_rate: float = 4e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(hard_mismatch=0, matching_images=0, penalty_every=1)
        self.require_one_of(loss=ADVERSARIAL_LOSSES)
        if not set(self.augmentations) <= set(AUGMENTATIONS):
            raise InputError(
                f"augmentations must be some of {list(AUGMENTATIONS)}",
                f"Use some of {list(AUGMENTATIONS)}, or [] for none",
                augmentations=list(self.augmentations),
            )
        if self.anchor_weight and self.generator_from is None:
            raise InputError(
                "The anchor is the generator that training starts from",
                "Set generator_from to its preset, or anchor_weight to 0",
                anchor_weight=self.anchor_weight,
                generator_from=self.generator_from,
            )
        if self.hard_mismatch and not self.exchangeable:
            raise InputError(
                "Hard mismatches are made of phrases that can be exchanged",
                "Set exchangeable, for example [['red', 'blue'], ['left', 'right']]",
                exchangeable=self.exchangeable,
            )

    @property
    def needs_matcher(self) -> bool:
        """Whether a loss or the discriminator needs a matcher."""
        return self.projected or super().needs_matcher

    def objective(self, epoch: int | None = None) -> GanObjective:
        """Return the objective of an epoch, counted from 0; None is the last one's."""
        values = {each.name: getattr(self, each.name) for each in fields(GanObjective)}
        return GanObjective(
            **values | {"matching_weight": self.matching_weight_of(epoch)}
        )

    @classmethod
    def decode(cls, values: dict[str, Any], source: str = "") -> dict[str, Any]:
        """Return the arguments of the constructor; JSON has no tuples."""
        if isinstance(values.get("augmentations"), list):
            values = values | {"augmentations": tuple(values["augmentations"])}
        return values
