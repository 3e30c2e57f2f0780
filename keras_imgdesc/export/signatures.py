"""What each task offers when it is served."""

from __future__ import annotations

import io
from functools import singledispatch
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_imgdesc.captioning import GenerationSettings, ImageCaptioner
from keras_imgdesc.captioning.losses import token_losses
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.image_bytes import at_least_one, decode_images
from keras_imgdesc.export.signature import Signature, refuse_settings
from keras_imgdesc.images import resize_image


@singledispatch
def signatures_of(task: Any, **settings: Any) -> dict[str, Signature]:
    """The signatures of a task, by name; another task registers its own.

    Args:
        task: a task of this package.
        **settings: fixed in the graph, see the task's own function.

    Raises:
        InputError: there are none for this kind of task.
    """
    raise InputError(
        "Only a task can be exported",
        "Give an ImageCaptioner, an ImageTextMatcher or a TextToImage",
        task=type(task).__name__,
    )


@signatures_of.register
def captioner_signatures(
    task: ImageCaptioner,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
    **others: Any,
) -> dict[str, Signature]:
    """`serving_default`, `pixels`, `score` and `encode` of a captioner.

    Args:
        task: the captioner.
        num_beams, length_penalty, max_length: of the beam search; None means the
            captioner's own.
        **others: there are none.
    """
    refuse_settings(task, others)
    settings = task.generation.changed(
        num_beams=num_beams, length_penalty=length_penalty, max_length=max_length
    )
    size = task.image_encoder.image_size
    strings = tf.TensorSpec((None,), tf.string, name="image_bytes")

    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error = decode_images(at_least_one(image_bytes), size)
        outputs = _describe(task, pixels, settings)
        is_good = error == ""
        outputs["caption"] = tf.where(is_good, outputs["caption"], "")
        outputs["log_prob"] = tf.where(is_good, outputs["log_prob"], 0.0)
        looked = tf.reshape(is_good, (-1, 1, 1, 1))
        outputs["attention"] = tf.where(looked, outputs["attention"], 0.0)
        return outputs | {"error": error}

    def serve_pixels(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return _describe(task, resize_image(at_least_one(image), size), settings)

    def score(image_bytes: tf.Tensor, caption: tf.Tensor) -> dict[str, tf.Tensor]:
        # Of other numbers, some would be spread over the others without a word.
        tf.debugging.assert_equal(
            tf.size(caption), tf.size(image_bytes), "score takes a caption an image"
        )
        pixels, error = decode_images(at_least_one(image_bytes), size)
        token_ids = task.tokenizer.whole(caption)
        outputs = task.decoder(
            {
                "feature_map": task.image_encoder(pixels, training=False),
                "token_ids": token_ids[:, :-1],
            },
            training=False,
        )
        following = token_ids[:, 1:]
        is_word = following != task.tokenizer.vocabulary.pad_id
        is_word &= (error == "")[:, None]
        log_probs = tf.where(is_word, -token_losses(following, outputs["logits"]), 0.0)
        return {
            "log_prob": tf.reduce_sum(log_probs, axis=-1),
            "token_log_probs": log_probs,
            "error": error,
        }

    def encode(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels, error = decode_images(at_least_one(image_bytes), size)
        feature_map = tf.cast(task.image_encoder(pixels, training=False), tf.float32)
        feature_map = tf.where((error == "")[:, None, None, None], feature_map, 0.0)
        return {"feature_map": feature_map, "error": error}

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


def _describe(
    task: ImageCaptioner, pixels: tf.Tensor, settings: GenerationSettings
) -> dict[str, tf.Tensor]:
    found = task.find_captions(
        pixels,
        num_beams=settings.num_beams,
        max_length=settings.max_length,
        length_penalty=settings.length_penalty,
        return_attention=True,
    )
    rows, columns, _ = task.decoder.feature_map_shape
    shape = (-1, settings.max_length, rows, columns)
    return {
        "caption": task.tokenizer.detokenize_in_graph(found.token_ids[:, 0]),
        "log_prob": found.totals[:, 0],
        "attention": tf.reshape(found.attention[:, 0], shape),
    }


def example_jpeg(size: int) -> bytes:
    """A file to try a signature with."""
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    image = np.stack([np.broadcast_to(ramp, (size, size))] * 3, axis=-1)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG")
    return stream.getvalue()
