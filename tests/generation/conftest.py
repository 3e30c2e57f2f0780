"""Toy generators for the tests of generation."""

from collections.abc import Callable

import numpy as np
import pytest

from keras_imgdesc.generation import ConditionalBatchNormalization, Generator


@pytest.fixture(scope="session")
def settled() -> Callable[[Generator], Generator]:
    """Gives a generator the statistics that training would give it."""

    def settle(generator: Generator) -> Generator:
        norms = [
            layer
            for layer in generator.layers
            if isinstance(layer, ConditionalBatchNormalization)
        ]
        chance = np.random.default_rng(0)
        for layer in norms:
            layer.momentum = 0.0
        widths = {"sentence": generator.sentence_dim, "noise": generator.latent_dim}
        batch = {
            name: chance.normal(size=(64, width)).astype("float32")
            for name, width in widths.items()
        }
        generator(batch, training=True)
        for layer in norms:
            layer.momentum = 0.99
        return generator

    return settle
