"""Randomness that is the same whether a run was interrupted or not."""

import keras
import numpy as np
from keras import ops


def reseed(model: keras.Model, seed: int) -> None:
    """Start the random layers of a model, as dropout, anew from a seed."""
    for number, layer in enumerate(model._flatten_layers()):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.array([seed, number], "uint32")
            generator.state.assign(ops.cast(state, generator.state.dtype))
