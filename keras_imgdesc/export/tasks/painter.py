"""What a painter offers when it is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.image_bytes import at_least_one
from keras_imgdesc.export.graph.painting import (
    draw_in_graph,
    encode_pngs,
    features_of,
    in_blocks,
    painted,
    text_errors,
)
from keras_imgdesc.export.signature import Signature, refuse_settings
from keras_imgdesc.export.signatures import signatures_of
from keras_imgdesc.export.tasks.matcher import image_vectors, text_vectors
from keras_imgdesc.images import resize_image
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.noise import MOST_IMAGES, picture_noise
from keras_imgdesc.painting import TextToImage

UNEQUAL = "There must be a seed, or a row of noise, for each text"
NO_TEXTS = "There must be a text"
TOO_MANY = f"num_images must be from 1 to {MOST_IMAGES}"


@signatures_of.register
def painter_signatures(
    task: TextToImage,
    *,
    truncation: float = 1.0,
    rerank: ImageTextMatcher | None = None,
    **others: Any,
) -> dict[str, Signature]:
    """`serving_default`, `paint_one`, `paint_noise`, `paint` and `paint_ranked`.

    Args:
        task: the painter.
        truncation: of `TextToImage.generate`; noise that is given is left alone.
        rerank: a matcher, for `paint_ranked`; without one there is no such signature.
        **others: there are none.

    Raises:
        InputError: the truncation is out of its range, or `rerank` no matcher.
    """
    refuse_settings(task, others)
    if rerank is not None and not isinstance(rerank, ImageTextMatcher):
        raise InputError(
            "Pictures are ranked by a matcher",
            "Give an ImageTextMatcher",
            rerank=type(rerank).__name__,
        )
    width = task.generator.latent_dim
    first = picture_noise(1, 1, width, 0, truncation, None)

    def serve(text: tf.Tensor) -> dict[str, tf.Tensor]:
        # What a server puts into a batch with it must not change a picture.
        return _Order(task, text).pictures(tf.repeat(first, tf.size(text), axis=0))

    def paint_one(text: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = _one_each(seed, text)
        noise = draw_in_graph(seed, tf.zeros_like(seed), width)
        return _Order(task, text).pictures(noise * truncation)

    def paint_noise(text: tf.Tensor, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        return _Order(task, text).pictures(_one_each(noise, text))

    def draw(text: tf.Tensor, seed: tf.Tensor, num_images: tf.Tensor) -> tf.Tensor:
        count = tf.cast(tf.size(text) * num_images, tf.int64)
        return draw_in_graph(seed, tf.range(count), width) * truncation

    def paint(
        text: tf.Tensor, seed: tf.Tensor, num_images: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        num_images = _checked(num_images)
        order = _Order(task, text, num_images)
        return order.pictures(draw(text, seed, num_images))

    texts = tf.TensorSpec((None,), tf.string, name="text")
    seeds = tf.TensorSpec((None,), tf.int64, name="seed")
    noises = tf.TensorSpec((None, width), tf.float32, name="noise")
    many = (
        texts,
        tf.TensorSpec((), tf.int64, name="seed"),
        tf.TensorSpec((), tf.int32, name="num_images"),
    )
    example = {"text": np.array([_known_word(task).encode()], object)}
    several = example | {"seed": np.int64(0), "num_images": np.int32(2)}
    found = {
        "serving_default": Signature(serve, (texts,), example),
        "paint_one": Signature(
            paint_one, (texts, seeds), example | {"seed": np.zeros(1, np.int64)}
        ),
        "paint_noise": Signature(
            paint_noise, (texts, noises), example | {"noise": first}
        ),
        "paint": Signature(paint, many, several, warm_up=False),
    }
    if rerank is not None:
        matcher = rerank

        def paint_ranked(
            text: tf.Tensor, seed: tf.Tensor, num_images: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            num_images = _checked(num_images)
            order = _Order(task, text, num_images)
            return order.ranked(draw(text, seed, num_images), matcher)

        found["paint_ranked"] = Signature(paint_ranked, many, several, warm_up=False)
    return found


@dataclass
class _Order:
    """Texts that are to be painted.

    Args:
        task: the painter.
        text: strings (texts,).
        num_images: of each text, an int32 scalar; without it each has one picture,
            and what comes out has no dimension for them.
    """

    task: TextToImage
    text: tf.Tensor
    num_images: tf.Tensor | None = None

    def __post_init__(self) -> None:
        text = at_least_one(self.text, NO_TEXTS)
        token_ids = self.task.text_encoder.tokenizer(text)
        self.error = text_errors(self.task, text, token_ids)
        self.features = features_of(self.task, token_ids)

    def pictures(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pictures of noise float32 (texts * num_images, latent_dim)."""
        return self._outputs(self._paint(noise))

    def ranked(
        self, noise: tf.Tensor, matcher: ImageTextMatcher
    ) -> dict[str, tf.Tensor]:
        """The same by their P(I|D), the best first."""
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


def _one_each(values: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
    check = tf.debugging.assert_equal(tf.shape(values)[0], tf.size(text), UNEQUAL)
    with tf.control_dependencies([check]):
        return tf.identity(values)


def _checked(num_images: tf.Tensor) -> tf.Tensor:
    checks = [
        tf.debugging.assert_positive(num_images, TOO_MANY),
        tf.debugging.assert_less_equal(num_images, MOST_IMAGES, TOO_MANY),
    ]
    # What divides by it must not run first, and fail with another message.
    with tf.control_dependencies(checks):
        return tf.identity(num_images)


def _known_word(task: TextToImage) -> str:
    """A text to try a signature with."""
    vocabulary = task.text_encoder.tokenizer.vocabulary
    special = {vocabulary.pad_id, vocabulary.unk_id}
    special |= {vocabulary.start_id, vocabulary.end_id}
    known = (t for i, t in enumerate(vocabulary.tokens) if i not in special)
    return next(known, "a")
