"""The objective of a conditional GAN."""

from dataclasses import dataclass

from keras_imgdesc.painting.learning.objective import PainterObjective


@dataclass(frozen=True)
class GanObjective(PainterObjective):
    """Losses of a `ConditionalGAN`, their weights and the augmentations.

    See `PainterObjective` for the weights that it shares with `VaeObjective`. The
    matching loss scores augmented images, as the discriminator does.

    Attributes:
        loss: `"hinge"` or `"non_saturating"`.
        penalty_weight: weight of the matching-aware gradient penalty; 0 computes none.
        penalty_every: steps from one penalty to the next, each of which is multiplied
            by this number (lazy regularization), because second derivatives are
            expensive.
        penalty_power: exponent of the penalty; see `gradient_penalty`.
        matching_images: number of images of a batch in the matching loss, the first
            ones; 0 takes all.
        contrast_weight: weight of the cross-entropy of images and texts in a
            `Contrast`: of real images where the discriminator is trained, of painted
            ones where the generator is.
        anchor_weight: weight of the distance from the anchor's image of the same
            noise, both at a quarter of their resolution.
        augmentations: names of augmentations; see `augment`.
        translation: largest shift; see `augment`.
        cutout: side of the erased square; see `augment`.
    """

    loss: str = "hinge"
    penalty_weight: float = 0.0
    penalty_every: int = 4
    penalty_power: float = 6.0
    matching_images: int = 0
    contrast_weight: float = 0.0
    anchor_weight: float = 0.0
    augmentations: tuple[str, ...] = ("translation",)
    translation: float = 0.125
    cutout: float = 0.5
