"""A contrastive head: maps of a discriminator against sentences."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.painting.layers.sentence_whitening import SentenceWhitening
from keras_imgdesc.painting.networks.discriminator import Discriminator


class Contrast(keras.Model):
    """Compare the maps of a discriminator with sentences.

    It is trained together with the discriminator, on real images only, so that the
    discriminator's maps learn what texts describe. A frozen matcher cannot replace it,
    because it is never trained against painted images and is fooled by them.

    A functional Keras model. Input: `{"map": float (batch, 4, 4, channels), "sentence":
    float (texts, sentence_dim)}`. Output: float32 (batch, texts), the cosine of each
    pair over `temperature`.

    Args:
        discriminator: discriminator whose maps are compared.
        dim: width of the common space.
        temperature: divisor of the cosines, above 0.
        name: name of the Keras model.

    Raises:
        InputError: `temperature` is not above 0.

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
        # Texts describe where objects are, so the map is not pooled.
        flat = ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2] * maps.shape[3]))
        images = keras.layers.Dense(dim, name="image_projection")(flat)
        hidden = keras.layers.Dense(2 * dim, "relu", name="text_hidden")
        project = keras.layers.Dense(dim, name="text_projection")
        texts = project(hidden(whitening(sentence)))
        cosine = ops.matmul(_unit(images), ops.transpose(_unit(texts)))
        super().__init__(
            inputs={"map": maps, "sentence": sentence},
            outputs=cosine / temperature,
            name=name,
        )
        self.whitening = whitening


def _unit(x: Any) -> Any:
    return ops.normalize(ops.cast(x, "float32"), axis=-1, epsilon=1e-7)
