"""What a conditional GAN is trained for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GanObjective:
    """What a `ConditionalGAN` is trained for.

    Attributes:
        loss: `"hinge"` or `"non_saturating"`.
        divergence_weight: of the condition's divergence from the standard normal.
        penalty_weight: of the matching-aware gradient penalty; 0 computes none.
        penalty_every: steps from one penalty to the next, which then counts so many
            times (lazy regularisation): second gradients are costly.
        penalty_power: see `gradient_penalty`.
        matching_weight: of the cross-entropy of painted pictures, changed as the
            discriminator sees them, and the texts of the batch.
        matching_images: pictures of a batch that it is computed of, the first ones;
            0 is all of them.
        contrast_weight: of the cross-entropy of pictures and texts in a `Contrast`,
            real ones where the discriminator is trained, painted ones where the
            generator is.
        anchor_weight: of the distance from the anchor's picture of the same noise, both
            seen at a quarter of their resolution.
        changes: see `change_pictures`.
        translation, cutout: see `change_pictures`.
        average_decay: of the generator's moving average.
    """

    loss: str = "hinge"
    divergence_weight: float = 0.1
    penalty_weight: float = 0.0
    penalty_every: int = 4
    penalty_power: float = 6.0
    matching_weight: float = 0.0
    matching_images: int = 0
    contrast_weight: float = 0.0
    anchor_weight: float = 0.0
    changes: tuple[str, ...] = ("translation",)
    translation: float = 0.125
    cutout: float = 0.5
    average_decay: float = 0.999
