"""Class probabilities of streams of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
from keras import ops

from keras_imgdesc.backend import compile_function
from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.damage import damage_of, mark
from keras_imgdesc.images.reading import batches_ahead


class ClassPredictor:
    """Compute logits of images in batches, with one compiled function.

    Args:
        classifier: `ImageClassifier`; its weights are read at each call.
    """

    def __init__(self, classifier: Any) -> None:
        self._size: int = classifier.image_encoder.image_size
        self._logits = compile_function(
            classifier, lambda pixels: classifier(pixels, training=False)
        )

    def stream(
        self, sources: Iterable[Any], batch_size: int, on_damaged: str = "warn"
    ) -> Iterator[tuple[Any, np.ndarray | ImageError]]:
        """Compute the logits of images in order, in bounded memory.

        Args:
            sources: images, as `ImageClassifier.classify` takes them.
            batch_size: images per batch. Smaller batches are padded to it, so that
                the function is compiled once.
            on_damaged: see `load_image`.

        Yields:
            Each source with its logits, float32 (classes,), or with the `ImageError`
            of an image that cannot be read. `damage_of` says what is missing of one.
        """
        ahead = batches_ahead(sources, self._size, batch_size, on_damaged=on_damaged)
        with closing(ahead) as batches:  # type: ignore[type-var]
            for batch in batches:
                pixels = [image for _, image in batch if isinstance(image, np.ndarray)]
                rows = iter(self._rows(pixels, batch_size))
                for source, image in batch:
                    if isinstance(image, ImageError):
                        yield source, image
                    else:
                        yield source, mark(next(rows), damage_of(image))

    def _rows(self, pixels: list[np.ndarray], batch_size: int) -> list[np.ndarray]:
        if not pixels:
            return []
        batch = np.stack(pixels + [pixels[-1]] * (batch_size - len(pixels)))
        return list(ops.convert_to_numpy(self._logits(batch))[: len(pixels)])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax over the last axis, float32."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
