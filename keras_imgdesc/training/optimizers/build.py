"""Optimizers as recipes configure them."""

from collections.abc import Iterable
from typing import Any

import keras

from keras_imgdesc.training.optimizers.conv_muon import ConvMuon
from keras_imgdesc.training.optimizers.layerwise_adamw import LayerwiseAdamW
from keras_imgdesc.training.optimizers.warm_up_cosine import WarmUpCosine

# Variables that weight decay leaves alone, by parts of their names.
NOT_DECAYED = ("bias", "gamma", "beta", "scale", "position", "sharpness")


def build_schedule(
    peak: float, steps: int, warm_up_steps: int, final_share: float = 0.01
) -> WarmUpCosine:
    """Build a schedule: linear warm-up, then half a cosine.

    Args:
        peak: highest learning rate.
        steps: steps of the complete run.
        warm_up_steps: steps until the peak, reduced to a fifth of `steps` so that a
            short run does not end before its warm-up.
        final_share: learning rate after the last step, as a share of the peak.
    """
    return WarmUpCosine(peak, min(warm_up_steps, steps // 5), steps, final_share)


def build_adam(
    learning_rate: Any, *, beta_1: float, beta_2: float
) -> keras.optimizers.Optimizer:
    """Build Adam without weight decay.

    Args:
        learning_rate: number or schedule.
        beta_1, beta_2: decay rates of the moments.
    """
    return keras.optimizers.Adam(
        learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8
    )


def build_adamw(
    learning_rate: Any,
    *,
    weight_decay: float,
    clip_norm: float | None = None,
    slow: Iterable[Any] = (),
    factor: float = 1.0,
) -> keras.optimizers.Optimizer:
    """Build AdamW.

    Args:
        learning_rate: number or schedule.
        weight_decay: decay per unit of learning rate.
        clip_norm: maximum norm of all gradients together.
        slow: variables that learn more slowly.
        factor: factor of their learning rate.
    """
    optimizer = LayerwiseAdamW(
        learning_rate,
        weight_decay=weight_decay,
        global_clipnorm=clip_norm,
        slow=slow,
        factor=factor,
    )
    optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizer


def build_muon(
    learning_rate: Any,
    *,
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
    **options: Any,
) -> keras.optimizers.Optimizer:
    """Build ConvMuon: Muon for convolutions, Adam for the other variables.

    Args:
        learning_rate: number or schedule.
        weight_decay: decay per unit of learning rate, of both.
        clip_norm: maximum norm of all gradients together.
        **options: other arguments of `keras.optimizers.Muon`, such as
            `adam_lr_ratio`.
    """
    optimizer = ConvMuon(
        learning_rate,
        weight_decay=weight_decay or None,
        adam_weight_decay=weight_decay,
        global_clipnorm=clip_norm,
        **options,
    )
    optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizer
