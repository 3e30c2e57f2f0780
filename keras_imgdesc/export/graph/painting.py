"""Painting as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.export.graph.image_bytes import at_least_one
from keras_imgdesc.export.graph.matching import image_vectors, text_vectors
from keras_imgdesc.export.graph.texts import text_errors
from keras_imgdesc.images import resize_image
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.noise import normal_pairs
from keras_imgdesc.painting import TextToImage, text_features, to_uint8

# Number of images painted at a time, however many are requested.
BLOCK = 64

NO_TEXTS = "There must be at least one text"


@dataclass
class Painting:
    """The images of a batch of texts, in a graph.

    Args:
        task: the painter.
        text: string (texts,), at least one.
        num_images: number of images per text, an int32 scalar; None means one image
            per text, and outputs without a dimension for it.
    """

    task: TextToImage
    text: tf.Tensor
    num_images: tf.Tensor | None = None

    def __post_init__(self) -> None:
        text = at_least_one(self.text, NO_TEXTS)
        tokenizer = self.task.text_encoder.tokenizer
        token_ids = tokenizer(text)
        self.error = text_errors(self.task, text, token_ids)
        self.unknown_words = tokenizer.unknown_words(text)
        self.features = features_of(self.task, token_ids)

    def images(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """Paint the texts.

        Args:
            noise: float32 (texts * num_images, latent_dim).

        Returns:
            `image_bytes`, PNG files, and `pixels`, both of shape (texts, num_images,
            ...); `error` and `unknown_words`, separated by spaces, (texts,).
        """
        return self._outputs(self._paint(noise))

    def ranked(
        self, noise: tf.Tensor, matcher: ImageTextMatcher
    ) -> dict[str, tf.Tensor]:
        """Paint the texts and order the images of each by P(I|D), the best first.

        Args:
            noise: float32 (texts * num_images, latent_dim).
            matcher: the matcher that ranks.

        Returns:
            The outputs of `images`, and `probability` float32 (texts, num_images).
        """
        pixels = self._paint(noise)
        token_ids = matcher.text_encoder.tokenizer(self.text)
        unranked = text_errors(matcher, self.text, token_ids)
        self.error = tf.where(self.error == "", unranked, self.error)
        texts = text_vectors(matcher, token_ids)
        size = matcher.image_encoder.image_size

        def score(pixels: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
            images = image_vectors(matcher, resize_image(pixels, size))
            vector, words, mask = (value[:, None] for value in values)
            own = {"vector": vector, "words": words}
            return matcher.pair_score.own(images, own, mask)[:, 0]

        rows = [
            self._repeated(texts[name]) for name in ("vector", "words", "padding_mask")
        ]
        scores = in_blocks(score, [pixels, *rows], (), tf.float32)
        scores = tf.reshape(scores, (-1, self.num_images))
        order = tf.argsort(scores, direction="DESCENDING", stable=True)
        probability = tf.gather(tf.nn.softmax(scores), order, batch_dims=1)
        places = order + self.num_images * tf.range(tf.size(self.text))[:, None]
        outputs = self._outputs(tf.gather(pixels, tf.reshape(places, (-1,))))
        is_good = (self.error == "")[:, None]
        return outputs | {"probability": tf.where(is_good, probability, 0.0)}

    def _paint(self, noise: tf.Tensor) -> tf.Tensor:
        side = self.task.generator.resolution
        rows = {name: self._repeated(values) for name, values in self.features.items()}
        rows["noise"] = noise
        return in_blocks(
            lambda *values: painted(self.task, dict(zip(rows, values, strict=True))),
            list(rows.values()),
            (side, side, 3),
            tf.uint8,
        )

    def _repeated(self, rows: tf.Tensor) -> tf.Tensor:
        return rows if self.num_images is None else tf.repeat(rows, self.num_images, 0)

    def _outputs(self, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        is_good = self._repeated(self.error == "")
        files = tf.where(is_good, encode_pngs(pixels), "")
        pixels = tf.where(is_good[:, None, None, None], pixels, tf.zeros_like(pixels))
        if self.num_images is not None:
            files = tf.reshape(files, (-1, self.num_images))
            shape = (-1, self.num_images, *pixels.shape[1:])
            pixels = tf.reshape(pixels, shape)
        return {
            "image_bytes": files,
            "pixels": pixels,
            "error": self.error,
            "unknown_words": self.unknown_words,
        }


def features_of(task: TextToImage, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return all inputs of the generator except noise; ids are int32 (texts, words)."""
    encoded = task.text_encoder({"token_ids": token_ids}, training=False)
    return text_features(task.generator, encoded)


def painted(task: TextToImage, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
    """Paint `features_of` and `noise`: uint8 (batch, resolution, resolution, 3)."""
    return to_uint8(task.generator(inputs, training=False)["image"])


def draw_in_graph(seed: tf.Tensor, rows: tf.Tensor, width: int) -> tf.Tensor:
    """Draw rows of `keras_imgdesc.noise.draw_normal` in a graph.

    Args:
        seed: int64, a scalar or (count,), not negative.
        rows: int64 (count,), the indices of the rows.
        width: number of values per row.

    Returns:
        float32 (count, width).
    """
    check = tf.debugging.assert_non_negative(seed, "A seed is from 0 to 2**63 - 1")
    with tf.control_dependencies([check]):
        seed = tf.reshape(seed, (-1, 1))
    key = seed & np.int64(2**32 - 1), seed // np.int64(2**32)
    pairs = tf.range((width + 1) // 2, dtype=tf.int64)[None]
    values = normal_pairs(
        key, (rows[:, None], pairs), tf.math, lambda x: tf.cast(x, tf.float64)
    )
    noise = tf.reshape(tf.stack(values, axis=-1), (-1, 2 * ((width + 1) // 2)))
    return tf.cast(noise[:, :width], tf.float32)


def in_blocks(
    function: Callable[..., tf.Tensor],
    tensors: Sequence[tf.Tensor],
    shape: tuple[int, ...],
    dtype: Any,
) -> tf.Tensor:
    """Apply a function to a batch, `BLOCK` rows at a time.

    Args:
        function: takes rows of the tensors and returns a tensor (rows, *shape).
        tensors: the inputs, each (batch, ...) with at least one row.
        shape: shape of one output row.
        dtype: dtype of the output.
    """
    count = tf.shape(tensors[0])[0]
    size = tf.minimum(count, BLOCK)
    blocks = (count + size - 1) // size

    def split(tensor: tf.Tensor) -> tf.Tensor:
        edges = [[0, blocks * size - count], *[[0, 0]] * (tensor.shape.rank - 1)]
        parts = tf.concat([[blocks, size], tf.shape(tensor)[1:]], axis=0)
        split = tf.reshape(tf.pad(tensor, edges), parts)
        return tf.ensure_shape(split, (None, None, *tensor.shape[1:]))

    outputs = tf.map_fn(
        lambda rows: function(*rows),
        tuple(map(split, tensors)),
        fn_output_signature=tf.TensorSpec((None, *shape), dtype),
    )
    return tf.reshape(outputs, (-1, *shape))[:count]


def encode_pngs(pixels: tf.Tensor) -> tf.Tensor:
    """Encode uint8 (batch, height, width, 3) as PNG files, string (batch,)."""
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string)
