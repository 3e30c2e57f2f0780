"""What a discriminator sees and words, brought to one space."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.networks.discriminator import Discriminator


class Contrast(keras.Model):
    """Compares pictures that a discriminator has read with sentences.

    It is trained on real pictures only, and together with the discriminator, whose
    maps so come to hold what words can say. A frozen matcher cannot take its place: it
    never sees what is painted for it, and is fooled.

    A functional Keras model. Input: `{"map": float (batch, 4, 4, channels), "sentence":
    float (texts, sentence_dim)}`. Output: float32 (batch, texts), the cosine of each
    pair over `temperature`.

    Args:
        discriminator: whose maps these are.
        dim: width of the space.
        temperature: above 0.
        name: of the Keras model.

    Raises:
        InputError: a temperature that is not above 0.

    Example:

    >>> from keras import ops
    >>> from keras_imgdesc.painting import Contrast, Discriminator
    >>> discriminator = Discriminator(sentence_dim=8, resolution=32, width=4)
    >>> maps = discriminator.read(ops.zeros((2, 32, 32, 3)))
    >>> contrast = Contrast(discriminator)
    >>> tuple(contrast({"map": maps, "sentence": ops.ones((5, 8))}).shape)
    (2, 5)

    Reference:
        Zhang et al., "Cross-Modal Contrastive Learning for Text-to-Image Generation",
        https://arxiv.org/abs/2101.04702
    """

    def __init__(
        self,
        discriminator: Discriminator,
        dim: int = 128,
        temperature: float = 0.1,
        name: str = "contrast",
    ) -> None:
        if temperature <= 0:
            raise InputError(
                "temperature must be above 0", "Use 0.1", temperature=temperature
            )
        maps = keras.Input(discriminator.read.output.shape[1:], name="map")
        sentence = keras.Input((discriminator.sentence_dim,), name="sentence")
        whitening = SentenceWhitening(name="whitening")
        # Where things are in the map is part of what words say: it is not pooled.
        flat = ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2] * maps.shape[3]))
        seen = keras.layers.Dense(dim, name="seen")(flat)
        said = keras.layers.Dense(2 * dim, "relu", name="heard")(whitening(sentence))
        said = keras.layers.Dense(dim, name="said")(said)
        cosine = ops.matmul(_unit(seen), ops.transpose(_unit(said)))
        super().__init__(
            inputs={"map": maps, "sentence": sentence},
            outputs=cosine / temperature,
            name=name,
        )
        self.whitening = whitening


def _unit(x: Any) -> Any:
    return ops.normalize(ops.cast(x, "float32"), axis=-1)
