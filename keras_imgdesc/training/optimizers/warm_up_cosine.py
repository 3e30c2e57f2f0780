"""The learning rate schedule of all recipes."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_imgdesc")
class WarmUpCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to a peak, then half a cosine down.

    Args:
        peak: highest learning rate.
        warm_up_steps: steps until the peak; at least 1.
        total_steps: steps until the end of the cosine. Later steps keep its last rate.
        final_share: last rate, as a share of the peak.

    Example:
    >>> schedule = WarmUpCosine(1.0, warm_up_steps=2, total_steps=10)
    >>> [round(float(schedule(step)), 2) for step in (0, 1, 2, 10)]
    [0.5, 1.0, 1.0, 0.0]
    """

    def __init__(
        self,
        peak: float,
        warm_up_steps: int,
        total_steps: int,
        final_share: float = 0.0,
    ):
        self.peak = peak
        self.warm_up_steps = max(1, warm_up_steps)
        self.total_steps = max(total_steps, self.warm_up_steps + 1)
        self.final_share = final_share

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rise = ops.minimum(1.0, (step + 1) / self.warm_up_steps)
        span = self.total_steps - self.warm_up_steps
        progress = ops.clip((step - self.warm_up_steps) / span, 0.0, 1.0)
        cosine = 0.5 * (1 + ops.cos(math.pi * progress))
        return self.peak * rise * (self.final_share + (1 - self.final_share) * cosine)

    def get_config(self):
        return {
            "peak": self.peak,
            "warm_up_steps": self.warm_up_steps,
            "total_steps": self.total_steps,
            "final_share": self.final_share,
        }
