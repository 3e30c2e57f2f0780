"""Training of painters.

Both kinds of recipe are imported here, so that `PainterRecipe` knows them.
"""

from keras_imgdesc.training.painter.gan_recipe import GanRecipe
from keras_imgdesc.training.painter.recipe import PainterRecipe
from keras_imgdesc.training.painter.vae_recipe import VaeRecipe

__all__ = ["GanRecipe", "PainterRecipe", "VaeRecipe"]
