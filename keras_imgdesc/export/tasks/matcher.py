"""What a matcher serves: SavedModel signatures and a `.tflite` model."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.export.graph.image_bytes import at_least_one, decode_images
from keras_imgdesc.export.graph.matching import image_vectors, text_vectors
from keras_imgdesc.export.graph.texts import text_errors
from keras_imgdesc.export.lite_model import LiteModel, text_metadata
from keras_imgdesc.export.representative import image_examples
from keras_imgdesc.export.signature import Signature, example_jpeg, refuse_settings
from keras_imgdesc.matching import ImageTextMatcher


def signatures(task: ImageTextMatcher, **settings: Any) -> dict[str, Signature]:
    """Return `serving_default`, `score`, `embed_image` and `embed_text`.

    Args:
        task: the matcher.
        **settings: refused.

    Raises:
        InputError: there are settings, which belong to another task.
    """
    refuse_settings(task, settings)
    size = task.image_encoder.image_size
    image_spec = tf.TensorSpec((None,), tf.string, name="image_bytes")
    text_spec = tf.TensorSpec((None,), tf.string, name="text")

    def images(
        image_bytes: tf.Tensor,
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        pixels, error, damaged = decode_images(at_least_one(image_bytes), size)
        is_good = error == ""
        vectors = {
            name: tf.where(_broadcastable(is_good, value), value, 0.0)
            for name, value in image_vectors(task, pixels).items()
        }
        return vectors, {"error": error, "damaged": damaged}

    def texts(text: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        tokenizer = task.text_encoder.tokenizer
        token_ids = tokenizer(text)
        error = text_errors(task, text, token_ids)
        return text_vectors(task, token_ids), {
            "error": error,
            "unknown_words": tokenizer.unknown_words(text),
        }

    def score(image_bytes: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        vectors, about_images = images(image_bytes)
        embedded, about = texts(text)
        scores = task.pair_score(vectors, embedded, embedded["padding_mask"])
        is_good = (about_images["error"] == "")[:, None]
        is_good &= (about["error"] == "")[None]
        # A broken image or an unknown text takes no probability from the others.
        rivals = tf.where(is_good, scores, scores.dtype.min)
        return {
            "score": tf.where(is_good, scores, 0.0),
            "image_probability": tf.where(is_good, tf.nn.softmax(rivals, axis=0), 0.0),
            "text_probability": tf.where(is_good, tf.nn.softmax(rivals, axis=1), 0.0),
            **about_images,
            "text_error": about["error"],
            "unknown_words": about["unknown_words"],
        }

    def embed_image(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        vectors, about = images(image_bytes)
        return vectors | about

    def embed_text(text: tf.Tensor) -> dict[str, tf.Tensor]:
        embedded, about = texts(text)
        is_good = about["error"] == ""
        for name in ("vector", "words"):
            value = embedded[name]
            embedded[name] = tf.where(_broadcastable(is_good, value), value, 0.0)
        return embedded | about

    example_images = np.array([example_jpeg(size)], object)
    example_texts = np.array([b"a dog", b"a red circle"], object)
    both = Signature(
        score,
        (image_spec, text_spec),
        {"image_bytes": example_images, "text": example_texts},
        warm_up=False,
    )
    return {
        "serving_default": both,
        "score": both,
        "embed_image": Signature(
            embed_image, (image_spec,), {"image_bytes": example_images}
        ),
        "embed_text": Signature(embed_text, (text_spec,), {"text": example_texts}),
    }


def lite_model(task: ImageTextMatcher, **settings: Any) -> LiteModel:
    """Return the model with `embed_image`, `embed_text` and `score`.

    Args:
        task: the matcher.
        **settings: refused.

    Raises:
        InputError: there are settings, which belong to another task.
    """
    refuse_settings(task, settings)
    size = task.image_encoder.image_size
    encoder = task.text_encoder
    dim, length = task.embedding_dim, encoder.sequence_length
    rows, columns = task.image_tower.regions_shape

    def embed_image(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return image_vectors(task, image)

    def embed_text(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        vectors = text_vectors(task, token_ids)
        # Not every runtime takes bool inputs; `score` takes this one back.
        mask = tf.cast(vectors["padding_mask"], tf.float32)
        return vectors | {"padding_mask": mask}

    def score(
        image_vector: tf.Tensor,
        regions: tf.Tensor,
        text_vector: tf.Tensor,
        words: tf.Tensor,
        padding_mask: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        images = {"vector": image_vector, "regions": regions}
        texts = {"vector": text_vector, "words": words}
        scores = task.pair_score(images, texts, padding_mask > 0.5)
        _, attention = task.pair_score.attend(regions, words)
        return {
            "score": tf.reshape(scores, (1,)),
            "attention": tf.reshape(attention, (1, length, rows, columns)),
        }

    def spec(name: str, *shape: int, dtype: Any = tf.float32) -> tf.TensorSpec:
        return tf.TensorSpec((1, *shape), dtype, name=name)

    return LiteModel(
        signatures={
            "embed_image": Signature(
                embed_image, (spec("image", size, size, 3, dtype=tf.uint8),), {}
            ),
            "embed_text": Signature(
                embed_text, (spec("token_ids", length, dtype=tf.int32),), {}
            ),
            "score": Signature(
                score,
                (
                    spec("image_vector", dim),
                    spec("regions", rows * columns, dim),
                    spec("text_vector", dim),
                    spec("words", length, dim),
                    spec("padding_mask", length),
                ),
                {},
            ),
        },
        metadata={
            "task": "ImageTextMatcher",
            "fingerprint": task.fingerprint(),
            "global_scale": task.global_scale,
            "use_local": task.use_local,
            **text_metadata(encoder),
        },
        vocabulary=encoder.tokenizer.vocabulary,
        representative="images",
        read_examples=partial(image_examples, size),
    )


def _broadcastable(flags: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    return tf.reshape(flags, (-1, *[1] * (value.shape.rank - 1)))
