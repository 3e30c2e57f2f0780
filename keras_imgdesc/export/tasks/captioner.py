"""What a captioner serves: SavedModel signatures and a `.tflite` model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.captioning import GenerationSettings, ImageCaptioner, SearchResult
from keras_imgdesc.captioning.losses import token_losses
from keras_imgdesc.captioning.search.constraint_words import constraints_of_words
from keras_imgdesc.export.graph.image_bytes import at_least_one, decode_images
from keras_imgdesc.export.graph.texts import has_known_word
from keras_imgdesc.export.lite_model import LiteModel, split_metadata
from keras_imgdesc.export.representative import image_examples
from keras_imgdesc.export.signature import Signature, example_jpeg, refuse_settings
from keras_imgdesc.images import resize_image

UNKNOWN_WORDS = (
    "A caption must have a word that the captioner knows. Use words that it was "
    "trained on."
)


def signatures(
    task: ImageCaptioner,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
    **others: Any,
) -> dict[str, Signature]:
    """Return `serving_default`, `pixels`, `score` and `encode`.

    Args:
        task: the captioner.
        num_beams, length_penalty, max_length: settings of the beam search; None means
            the captioner's own.
        **others: refused.

    Raises:
        InputError: a setting is out of range or belongs to another task.
    """
    refuse_settings(task, others)
    settings = task.generation.changed(
        num_beams=num_beams, length_penalty=length_penalty, max_length=max_length
    )
    search, size = _search(task, settings), task.image_encoder.image_size
    strings = tf.TensorSpec((None,), tf.string, name="image_bytes")

    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        outputs = _describe(task, search(pixels), settings.max_length)
        is_good = error == ""
        outputs["caption"] = tf.where(is_good, outputs["caption"], "")
        outputs["log_prob"] = tf.where(is_good, outputs["log_prob"], 0.0)
        has_maps = tf.reshape(is_good, (-1, 1, 1, 1))
        outputs["attention"] = tf.where(has_maps, outputs["attention"], 0.0)
        return outputs | {"error": error, "damaged": damaged}

    def serve_pixels(image: tf.Tensor) -> dict[str, tf.Tensor]:
        found = search(resize_image(at_least_one(image), size))
        return _describe(task, found, settings.max_length)

    def score(image_bytes: tf.Tensor, caption: tf.Tensor) -> dict[str, tf.Tensor]:
        # A single caption, or a single image, would silently be broadcast.
        tf.debugging.assert_equal(
            tf.size(caption), tf.size(image_bytes), "score takes one caption per image"
        )
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        token_ids = task.tokenizer.tokenize_uncut(caption)
        vocabulary = task.tokenizer.vocabulary
        pad_id, most = vocabulary.pad_id, task.decoder.max_length
        unknown = task.tokenizer.unknown_words(caption)
        is_unknown = (unknown != "") & ~has_known_word(vocabulary, token_ids)
        error = tf.where((error == "") & is_unknown, UNKNOWN_WORDS, error)
        if most is not None:
            is_cut = tf.reduce_any(token_ids[:, most + 1 :] != pad_id, axis=1)
            token_ids = token_ids[:, : most + 1]
            reason = f"The caption has more than {most - 1} words"
            error = tf.where((error == "") & is_cut, reason, error)
        outputs = task.decoder(
            {
                "feature_map": task.image_encoder(pixels, training=False),
                "token_ids": token_ids[:, :-1],
            },
            training=False,
        )
        following = token_ids[:, 1:]
        is_word = following != pad_id
        is_word &= (error == "")[:, None]
        log_probs = tf.where(is_word, -token_losses(following, outputs["logits"]), 0.0)
        return {
            "log_prob": tf.reduce_sum(log_probs, axis=-1),
            "token_log_probs": log_probs,
            "error": error,
            "damaged": damaged,
            "unknown_words": unknown,
        }

    def encode(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        feature_map = tf.cast(task.image_encoder(pixels, training=False), tf.float32)
        feature_map = tf.where((error == "")[:, None, None, None], feature_map, 0.0)
        return {"feature_map": feature_map, "error": error, "damaged": damaged}

    photo = example_jpeg(size)
    images = np.array([photo], object)
    return {
        "serving_default": Signature(serve, (strings,), {"image_bytes": images}),
        "pixels": Signature(
            serve_pixels,
            (tf.TensorSpec((None, None, None, 3), tf.uint8, name="image"),),
            {"image": np.zeros((1, size, size, 3), np.uint8)},
        ),
        "score": Signature(
            score,
            (strings, tf.TensorSpec((None,), tf.string, name="caption")),
            {"image_bytes": images, "caption": np.array([b"a dog"], object)},
        ),
        "encode": Signature(encode, (strings,), {"image_bytes": images}),
    }


def lite_model(
    task: ImageCaptioner,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
    **others: Any,
) -> LiteModel:
    """Return the model with `caption`, `describe`, `encode` and `step`.

    Args:
        task: the captioner.
        num_beams, length_penalty, max_length: settings of the beam search; None means
            the captioner's own.
        **others: refused.

    Raises:
        InputError: a setting is out of range or belongs to another task.
    """
    refuse_settings(task, others)
    settings = task.generation.changed(
        num_beams=num_beams, length_penalty=length_penalty, max_length=max_length
    )
    search, size = _search(task, settings), task.image_encoder.image_size
    rows, columns, channels = task.decoder.feature_map_shape
    # Names, shapes and dtypes of what a step takes, whatever the decoder.
    blank_memory, blank_state = task.decoder.begin(
        tf.zeros((1, rows, columns, channels))
    )
    encoded = blank_memory | blank_state

    def best(found: SearchResult) -> dict[str, tf.Tensor]:
        return {
            "token_ids": found.token_ids[:, 0],
            "log_probs": found.log_probs[:, 0],
        }

    def caption(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return best(search(image, return_attention=False))

    def describe(image: tf.Tensor) -> dict[str, tf.Tensor]:
        found = search(image)
        shape = (1, settings.max_length, rows, columns)
        attention = tf.reshape(found.attention[:, 0], shape)
        return best(found) | {"attention": attention}

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        memory, state = task.begin(image, settings.use_concepts is not False)
        return memory | state

    def step(token_id: tf.Tensor, *values: tf.Tensor) -> dict[str, tf.Tensor]:
        named = dict(zip(encoded, values, strict=True))
        log_probs, attention, state = task.decoder.step(
            token_id,
            {name: named[name] for name in blank_memory},
            {name: named[name] for name in blank_state},
        )
        return {
            "log_probs": log_probs,
            "attention": tf.reshape(attention, (1, rows, columns)),
        } | {f"next_{name}": value for name, value in state.items()}

    image = tf.TensorSpec((1, size, size, 3), tf.uint8, name="image")
    token_id = tf.TensorSpec((1,), tf.int32, name="token_id")
    found = [tf.TensorSpec(t.shape, t.dtype, name=n) for n, t in encoded.items()]
    return LiteModel(
        signatures={
            "caption": Signature(caption, (image,), {}),
            "describe": Signature(describe, (image,), {}),
            "encode": Signature(encode, (image,), {}),
            "step": Signature(step, (token_id, *found), {}),
        },
        metadata={
            "task": "ImageCaptioner",
            **split_metadata(task.tokenizer),
            "search": {
                "num_beams": settings.num_beams,
                "length_penalty": settings.length_penalty,
                "max_length": settings.max_length,
            }
            | settings.words
            | ({"use_concepts": False} if settings.use_concepts is False else {}),
        },
        vocabulary=task.tokenizer.vocabulary,
        representative="images",
        read_examples=partial(image_examples, size),
    )


def _search(
    task: ImageCaptioner, settings: GenerationSettings
) -> Callable[..., SearchResult]:
    """Return a function from pixels to captions, searched with the settings.

    It finds attention too, unless called with `return_attention=False`.
    """
    return partial(
        task.find_captions,
        num_beams=settings.num_beams,
        max_length=settings.max_length,
        length_penalty=settings.length_penalty,
        return_attention=True,
        constraints=constraints_of_words(
            task.vocabulary, settings, task.tokenizer.split
        ),
        use_concepts=settings.use_concepts is not False,
    )


def _describe(
    task: ImageCaptioner, found: SearchResult, max_length: int
) -> dict[str, tf.Tensor]:
    rows, columns, _ = task.decoder.feature_map_shape
    shape = (-1, max_length, rows, columns)
    return {
        "caption": task.tokenizer.detokenize_in_graph(found.token_ids[:, 0]),
        "log_prob": found.totals[:, 0],
        "attention": tf.reshape(found.attention[:, 0], shape),
    }
