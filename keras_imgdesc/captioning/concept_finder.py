"""Concepts of streams of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TypeVar

import numpy as np

from keras_imgdesc.backend import compile_function
from keras_imgdesc.captioning.captioner_graph import CaptionerGraph
from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.reading import batches_ahead
from keras_imgdesc.prediction import Prediction

Source = TypeVar("Source")


class ConceptFinder:
    """Name the concepts of images with a compiled function.

    Args:
        captioner: source of encoder, detector and tokenizer.

    Raises:
        InputError: the decoder is not guided by concepts.
    """

    def __init__(self, captioner: CaptionerGraph) -> None:
        captioner.decoder.concept_detector  # noqa: B018  # raises if there is none
        self._captioner = captioner
        self._find = compile_function(captioner, captioner.find_concepts)

    def stream(
        self, sources: Iterable[Source], batch_size: int = 32
    ) -> Iterator[tuple[Source, list[Prediction] | ImageError]]:
        """Find the concepts of images in order; see `ImageCaptioner.detect_concepts`.

        Yields:
            Each source with its concepts, or with the `ImageError` of an image that
            cannot be read.
        """
        size = self._captioner.image_encoder.image_size
        with closing(batches_ahead(sources, size, batch_size)) as batches:  # type: ignore[type-var]
            for batch in batches:
                for source, image in batch:
                    if isinstance(image, ImageError):
                        yield source, image
                    else:
                        yield source, self._name_concepts(image)

    def _name_concepts(self, image: np.ndarray) -> list[Prediction]:
        token_ids, weights = self._find(image[None])
        tokens = self._captioner.tokenizer.vocabulary.tokens
        return [
            Prediction(tokens[int(token_id)], float(weight))
            for token_id, weight in zip(token_ids[0], weights[0], strict=True)
            if weight > 0
        ]
