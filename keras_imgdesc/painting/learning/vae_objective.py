"""The objective of a conditional variational autoencoder."""

from dataclasses import dataclass

from keras_imgdesc.painting.learning.objective import PainterObjective


@dataclass(frozen=True)
class VaeObjective(PainterObjective):
    """Weights of the losses of a `ConditionalVAE`; the squared error of pixels has 1.

    See `PainterObjective` for the weights that it shares with `GanObjective`.

    Attributes:
        noise_weight: weight of the divergence of the encoded noise from the standard
            normal distribution. The loss is the negative evidence lower bound if it is
            twice the variance of a pixel around what is painted.
        perceptual_weight: weight of the `FeatureDistance`.
        detail_weight: weight of the squared error of the pixels multiplied by their
            `detail`. Without it an object of few pixels has little weight and is
            painted blurred.
    """

    noise_weight: float = 0.1
    perceptual_weight: float = 0.1
    detail_weight: float = 0.0
