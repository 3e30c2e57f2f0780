"""The collapse of a painter's training."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.painter.recipe import PainterRecipe

# Below this loss a discriminator gives the generator no useful gradients.
ZERO_LOSS = 1e-3


def refuse_collapse(recipe: PainterRecipe, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise if the last epochs of a run have collapsed.

    Args:
        recipe: settings of the run.
        rows: numbers of all epochs.

    Raises:
        InputError: in each of the last `collapse_patience` epochs, all images of a text
            were alike or the discriminator had won.
    """
    last = rows[-recipe.collapse_patience :]
    if len(last) < recipe.collapse_patience:
        return
    for name, least, what in (
        ("diversity", recipe.diversity_floor, "all images of a text are alike"),
        ("discriminator_loss", ZERO_LOSS, "the discriminator has won"),
    ):
        if all(name in row and row[name] < least for row in last):
            raise InputError(
                f"The training has collapsed: {what}",
                "Change the recipe, for example lower the learning rates, and train "
                "into a new run directory; this one keeps the last complete epoch",
                epoch=last[-1]["epoch"],
                **{name: [round(row[name], 5) for row in last]},
            )
