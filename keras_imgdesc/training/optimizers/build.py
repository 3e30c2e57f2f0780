"""The optimizer that a recipe asks for."""

from collections.abc import Iterable

import keras

from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.optimizers.conv_muon import ConvMuon
from keras_imgdesc.training.optimizers.layerwise_adamw import LayerwiseAdamW
from keras_imgdesc.training.optimizers.warm_up_cosine import WarmUpCosine


def build_optimizer(
    recipe: CaptionRecipe, steps: int, slow: Iterable
) -> keras.optimizers.Optimizer:
    """AdamW or ConvMuon with warm-up and half a cosine.

    Args:
        recipe: its settings.
        steps: of the whole run.
        slow: variables whose learning rate `encoder_learning_rate` scales.
    """
    # A short run must not end before its warm-up.
    warm_up = min(recipe.warm_up_steps, steps // 5)
    schedule = WarmUpCosine(recipe.learning_rate, warm_up, steps, 0.01)
    optimizer: keras.optimizers.Optimizer
    if recipe.optimizer == "muon":
        optimizer = ConvMuon(
            schedule,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=recipe.weight_decay,
            global_clipnorm=recipe.clip_norm,
        )
    else:
        optimizer = LayerwiseAdamW(
            schedule,
            weight_decay=recipe.weight_decay,
            global_clipnorm=recipe.clip_norm,
            slow=slow,
            factor=recipe.encoder_learning_rate,
        )
    optimizer.exclude_from_weight_decay(
        var_names=["bias", "gamma", "beta", "scale", "position"]
    )
    return optimizer
