"""The weights of losses that every kind of painter has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PainterObjective:
    """What the objectives of a `ConditionalGAN` and a `ConditionalVAE` share.

    Attributes:
        divergence_weight: weight of the divergence of the condition from the standard
            normal distribution.
        matching_weight: weight of the cross-entropy of painted images and their texts.
        average_decay: decay of the generator's moving average, from 0 to below 1.
    """

    divergence_weight: float = 0.1
    matching_weight: float = 0.0
    average_decay: float = 0.999
