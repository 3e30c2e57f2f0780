"""What a painter serves: SavedModel signatures and a `.tflite` model."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.painting import (
    Painting,
    draw_in_graph,
    features_of,
    painted,
)
from keras_imgdesc.export.lite_model import LiteModel, text_metadata
from keras_imgdesc.export.representative import drawn_captions
from keras_imgdesc.export.signature import Examples, Signature, refuse_settings
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.noise import MOST_IMAGES, draw_normal, image_noise, noise_scale
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.text.checks import check_texts

UNEQUAL = "There must be one seed, or one row of noise, for each text"
TOO_MANY = f"num_images must be from 1 to {MOST_IMAGES}"


def signatures(
    task: TextToImage,
    *,
    temperature: float | None = None,
    rerank: ImageTextMatcher | None = None,
    **others: Any,
) -> dict[str, Signature]:
    """Return `serving_default`, `paint_one`, `paint_noise`, `paint`, `paint_ranked`.

    Args:
        task: the painter.
        temperature: see `TextToImage.generate`; `paint_noise` ignores it.
        rerank: matcher of `paint_ranked`; None means no such signature.
        **others: refused.

    Raises:
        InputError: `temperature` is out of range, `rerank` is not a matcher, or a
            setting belongs to another task.
    """
    refuse_settings(task, others)
    if rerank is not None and not isinstance(rerank, ImageTextMatcher):
        raise InputError(
            "Images are ranked by a matcher",
            "Give an ImageTextMatcher",
            rerank=type(rerank).__name__,
        )
    width = task.generator.latent_dim
    scale = noise_scale(temperature, task.generator.temperature)
    first = image_noise(1, 1, width, 0, scale)

    def serve(text: tf.Tensor) -> dict[str, tf.Tensor]:
        # The other texts of a batch, which a server chooses, must not change an image.
        return Painting(task, text).images(tf.repeat(first, tf.size(text), axis=0))

    def paint_one(text: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = _one_per_text(seed, text)
        noise = draw_in_graph(seed, tf.zeros_like(seed), width)
        return Painting(task, text).images(noise * scale)

    def paint_noise(text: tf.Tensor, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        return Painting(task, text).images(_one_per_text(noise, text))

    def draw(text: tf.Tensor, seed: tf.Tensor, num_images: tf.Tensor) -> tf.Tensor:
        count = tf.cast(tf.size(text) * num_images, tf.int64)
        return draw_in_graph(seed, tf.range(count), width) * scale

    def paint(
        text: tf.Tensor, seed: tf.Tensor, num_images: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        num_images = _checked(num_images)
        painting = Painting(task, text, num_images)
        return painting.images(draw(text, seed, num_images))

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
    signatures = {
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
            painting = Painting(task, text, num_images)
            return painting.ranked(draw(text, seed, num_images), matcher)

        signatures["paint_ranked"] = Signature(
            paint_ranked, many, several, warm_up=False
        )
    return signatures


def _one_per_text(values: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
    check = tf.debugging.assert_equal(tf.shape(values)[0], tf.size(text), UNEQUAL)
    with tf.control_dependencies([check]):
        return tf.identity(values)


def _checked(num_images: tf.Tensor) -> tf.Tensor:
    checks = [
        tf.debugging.assert_positive(num_images, TOO_MANY),
        tf.debugging.assert_less_equal(num_images, MOST_IMAGES, TOO_MANY),
    ]
    # Otherwise a division by it might run first and fail with another message.
    with tf.control_dependencies(checks):
        return tf.identity(num_images)


def _known_word(task: TextToImage) -> str:
    """Return a known word, to try a signature with."""
    vocabulary = task.text_encoder.tokenizer.vocabulary
    special = {vocabulary.pad_id, vocabulary.unk_id}
    special |= {vocabulary.start_id, vocabulary.end_id}
    known = (t for i, t in enumerate(vocabulary.tokens) if i not in special)
    return next(known, "a")


def lite_model(task: TextToImage, **settings: Any) -> LiteModel:
    """Return the model with `paint`, `paint_vectors` and `text_vectors`.

    Args:
        task: the painter.
        **settings: refused.

    Raises:
        InputError: there are settings, which belong to another task.
    """
    refuse_settings(task, settings)
    encoder, width = task.text_encoder, task.generator.latent_dim

    def paint(token_ids: tf.Tensor, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = features_of(task, token_ids) | {"noise": noise}
        return {"image": painted(task, inputs)}

    def text_vectors(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        return features_of(task, token_ids)

    def paint_vectors(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        named = dict(zip([*vectors, "noise"], values, strict=True))
        return {"image": painted(task, named)}

    blank = tf.zeros((1, encoder.sequence_length), tf.int32)
    # The vectors of a text that a generator takes, whatever they are.
    vectors = {
        name: tf.TensorSpec(value.shape, value.dtype, name=name)
        for name, value in features_of(task, blank).items()
    }
    token_ids = tf.TensorSpec((1, encoder.sequence_length), tf.int32, name="token_ids")
    noise = tf.TensorSpec((1, width), tf.float32, name="noise")
    return LiteModel(
        signatures={
            "paint": Signature(paint, (token_ids, noise), {}),
            "paint_vectors": Signature(paint_vectors, (*vectors.values(), noise), {}),
            "text_vectors": Signature(text_vectors, (token_ids,), {}),
        },
        metadata={
            "task": "TextToImage",
            "image": "RGB, upright, painted",
            "noise": "standard normal; of a seed, Threefry-2x32-20 and Box-Muller",
            "temperature": task.generator.temperature,
            **text_metadata(encoder),
        },
        vocabulary=encoder.tokenizer.vocabulary,
        representative="texts",
        read_examples=partial(_examples, task),
        exact=(encoder.name, task.generator.whitening.name),
    )


def _examples(task: TextToImage, texts: Iterable[str] | None) -> Examples:
    """Return the token ids of each text together with its noise."""
    if texts is None:
        token_ids = _drawn_texts(task)
    else:
        several = list(texts)
        if not several:
            raise InputError(
                "int8 needs representative texts",
                "Give about a hundred texts like those that will be painted",
                representative_texts=0,
            )
        token_ids = task.text_encoder.tokenize(check_texts(several))
    noise = draw_normal(len(token_ids), task.generator.latent_dim, seed=0)
    return [
        {"token_ids": ids[None], "noise": values[None]}
        for ids, values in zip(token_ids, noise, strict=True)
    ]


def _drawn_texts(task: TextToImage) -> np.ndarray:
    """Return token ids of captions of Scenes, or of known words in random order."""
    token_ids: np.ndarray = task.text_encoder.tokenize(drawn_captions())
    vocabulary = task.text_encoder.tokenizer.vocabulary
    if (token_ids != vocabulary.unk_id).all():
        return token_ids
    edges = (vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id)
    known = np.setdiff1d(range(len(vocabulary.tokens)), (*edges, vocabulary.unk_id))
    drawn = np.random.default_rng(0).choice(known, token_ids.shape)
    words = np.where(np.isin(token_ids, edges), token_ids, drawn)
    return words.astype(token_ids.dtype)
