"""Reading damaged images in Python and in a graph, and comparing what they say."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from image_mutants import FORMATS, Mutant, mutants

from keras_imgdesc.errors import ImageError
from keras_imgdesc.export.graph.image_bytes import decode_images
from keras_imgdesc.images import load_image, resize_image
from keras_imgdesc.images.damage import damage_of

SIZE = 64
_BATCH = 64


class Reading(NamedTuple):
    """What both readers say of a damaged image.

    Attributes:
        mutant: the image.
        python, graph: `"intact"`, `"damaged"` or `"refused"`.
        are_equal: whether the pixels are equal, where both read it.
    """

    mutant: Mutant
    python: str
    graph: str
    are_equal: bool

    @property
    def agrees(self) -> bool:
        """Whether the readers say the same and have the same pixels."""
        return self.python == self.graph and self.are_equal

    @property
    def is_silent(self) -> bool:
        """Whether a reader says nothing of damage that it must notice."""
        return self.mutant.is_detectable and "intact" in (self.python, self.graph)

    def __str__(self) -> str:
        pixels = "" if self.are_equal else ", other pixels"
        return f"{self.mutant}: Python {self.python}, graph {self.graph}{pixels}"


def readings(
    count: int, first: int = 0, formats: tuple[str, ...] = FORMATS
) -> Iterator[Reading]:
    """Yield what both readers say of mutants; see `mutants` for the arguments."""
    decode = tf.function(
        lambda contents: decode_images(contents, SIZE),
        input_signature=[tf.TensorSpec((None,), tf.string)],
    )
    stream = mutants(count, first, formats)
    while batch := list(islice(stream, _BATCH)):
        found = decode(tf.constant([m.content for m in batch]))
        for mutant, pixels, error, is_damaged in zip(
            batch, *(x.numpy() for x in found)
        ):
            python, expected = _read(mutant.content)
            graph = "refused" if error else "damaged" if is_damaged else "intact"
            both = "refused" not in (python, graph)
            are_equal = not both or np.array_equal(pixels, expected)
            yield Reading(mutant, python, graph, are_equal)


def _read(content: bytes) -> tuple[str, np.ndarray | None]:
    with warnings.catch_warnings(action="ignore"):
        try:
            image = load_image(content)
        except ImageError:
            return "refused", None
    verdict = "damaged" if damage_of(image) else "intact"
    return verdict, np.asarray(resize_image(np.asarray(image), SIZE))
