"""Painting as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.export.graph.image_bytes import at_least_one
from keras_imgdesc.export.graph.matching import image_vectors, text_vectors
from keras_imgdesc.images import resize_image
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.noise import normal_pairs
from keras_imgdesc.painting import TextToImage, text_features, to_uint8

# Number of images painted at a time, however many are requested.
BLOCK = 64

NO_TEXTS = "There must be at least one text"
NO_WORDS = "A text must have words in it. Write what the image should show."
UNKNOWN_WORDS = (
    "A text must have a word that the painter knows. Use words that it was trained on."
)


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
        token_ids = self.task.text_encoder.tokenizer(text)
        self.error = text_errors(self.task, text, token_ids)
        self.features = features_of(self.task, token_ids)

    def images(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """Paint the texts.

        Args:
            noise: float32 (texts * num_images, latent_dim).

        Returns:
            `image_bytes`, PNG files, and `pixels`, both of shape (texts, num_images,
            ...), and `error` (texts,).
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
        texts = text_vectors(matcher, matcher.text_encoder.tokenizer(self.text))
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
        return {"image_bytes": files, "pixels": pixels, "error": self.error}


def features_of(task: TextToImage, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return all inputs of the generator except noise; ids are int32 (texts, words)."""
    encoded = task.text_encoder({"token_ids": token_ids}, training=False)
    return text_features(task.generator, encoded)


def painted(task: TextToImage, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
    """Paint `features_of` and `noise`: uint8 (batch, resolution, resolution, 3)."""
    return to_uint8(task.generator(inputs, training=False)["image"])


def text_errors(task: TextToImage, text: tf.Tensor, token_ids: tf.Tensor) -> tf.Tensor:
    """Return an error message for each text, string (texts,); empty if it is good."""
    vocabulary = task.text_encoder.tokenizer.vocabulary
    special = [vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id]
    special.append(vocabulary.unk_id)
    is_word = tf.reduce_all(token_ids[..., None] != tf.constant(special), axis=-1)
    is_empty = tf.strings.length(tf.strings.strip(text)) == 0
    return tf.where(
        is_empty,
        NO_WORDS,
        tf.where(tf.reduce_any(is_word, axis=-1), "", UNKNOWN_WORDS),
    )


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
