"""Settings of a painter's training that other settings leave without effect."""

from collections.abc import Callable

from keras_imgdesc.training.painter.gan_recipe import GanRecipe
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.vae_recipe import VaeRecipe


def refuse_unused_settings(
    recipe: PainterRecipe, refuse: Callable[..., None], has_metrics: bool
) -> None:
    """Refuse settings without effect.

    Args:
        recipe: `GanRecipe` or `VaeRecipe`.
        refuse: function of a reason, names and used values; see `refuse_unused`.
        has_metrics: whether painted images are measured.

    Raises:
        InputError: naming the settings.
    """
    if recipe.generator_from:
        refuse("the generator of generator_from has a whitening", "whiten")
    if recipe.optimizer == "adam":
        refuse("the optimizer is adam", "adam_share")
    if not has_metrics:
        refuse("there are no metrics", "metrics_every")
    is_gan = isinstance(recipe, GanRecipe)
    if not recipe.matching_weight:
        images = ["matching_images"] if is_gan else []
        refuse("matching_weight is 0", "matching_after", *images)
    if isinstance(recipe, GanRecipe):
        if not recipe.penalty_weight:
            refuse("penalty_weight is 0", "penalty_every", "penalty_power")
        if not recipe.hard_mismatch:
            refuse("hard_mismatch is 0", "exchangeable")
        for name in ("translation", "cutout"):
            if name not in recipe.augmentations:
                refuse(f"{name} is not one of augmentations", name)
    elif isinstance(recipe, VaeRecipe) and not recipe.perceptual_weight:
        refuse("perceptual_weight is 0", "perceptual_layers")
