"""What a matcher offers when it is served, and on a phone."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.export.graph.image_bytes import at_least_one, decode_images
from keras_imgdesc.export.signature import Signature, refuse_settings
from keras_imgdesc.export.signatures import example_jpeg, signatures_of
from keras_imgdesc.export.tflite.lite_model import (
    LiteModel,
    image_examples,
    lite_model_of,
    text_metadata,
)
from keras_imgdesc.matching import ImageTextMatcher


@signatures_of.register
def matcher_signatures(task: ImageTextMatcher, **settings: Any) -> dict[str, Signature]:
    """`serving_default` and `score`, `embed_image` and `embed_text` of a matcher.

    Args:
        task: the matcher.
        **settings: there are none.
    """
    refuse_settings(task, settings)
    size = task.image_encoder.image_size
    image_spec = tf.TensorSpec((None,), tf.string, name="image_bytes")
    text_spec = tf.TensorSpec((None,), tf.string, name="text")

    def images(image_bytes: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        pixels, error = decode_images(at_least_one(image_bytes), size)
        found = image_vectors(task, pixels)
        is_good = error == ""
        found = {
            name: tf.where(_as_wide(is_good, value), value, 0.0)
            for name, value in found.items()
        }
        return found, error

    def score(image_bytes: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        found, error = images(image_bytes)
        texts = text_vectors(task, task.text_encoder.tokenizer(text))
        scores = task.pair_score(found, texts, texts["padding_mask"])
        is_good = (error == "")[:, None]
        # A broken image takes no probability from the others.
        rivals = tf.where(is_good, scores, scores.dtype.min)
        return {
            "score": tf.where(is_good, scores, 0.0),
            "image_probability": tf.where(is_good, tf.nn.softmax(rivals, axis=0), 0.0),
            "text_probability": tf.where(is_good, tf.nn.softmax(scores, axis=1), 0.0),
            "error": error,
        }

    def embed_image(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        found, error = images(image_bytes)
        return found | {"error": error}

    def embed_text(text: tf.Tensor) -> dict[str, tf.Tensor]:
        return text_vectors(task, task.text_encoder.tokenizer(text))

    some_images = np.array([example_jpeg(size)], object)
    some_texts = np.array([b"a dog", b"a red circle"], object)
    both = Signature(
        score,
        (image_spec, text_spec),
        {"image_bytes": some_images, "text": some_texts},
        warm_up=False,
    )
    return {
        "serving_default": both,
        "score": both,
        "embed_image": Signature(
            embed_image, (image_spec,), {"image_bytes": some_images}
        ),
        "embed_text": Signature(embed_text, (text_spec,), {"text": some_texts}),
    }


@lite_model_of.register
def matcher_lite_model(task: ImageTextMatcher, **settings: Any) -> LiteModel:
    """`embed_image`, `embed_text` and `score` of a matcher.

    Args:
        task: the matcher.
        **settings: there are none.
    """
    refuse_settings(task, settings)
    size = task.image_encoder.image_size
    encoder = task.text_encoder
    dim, length = task.embedding_dim, encoder.sequence_length
    rows, columns = task.image_tower.regions_shape

    def embed_image(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return image_vectors(task, image)

    def embed_text(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        found = text_vectors(task, token_ids)
        # As a float, which every runtime can take back.
        return found | {"padding_mask": tf.cast(found["padding_mask"], tf.float32)}

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
        metadata={"task": "ImageTextMatcher", **text_metadata(encoder)},
        vocabulary=encoder.tokenizer.vocabulary,
        representative="images",
        read_examples=partial(image_examples, size),
    )


def image_vectors(task: ImageTextMatcher, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
    """`vector` and `regions` of pictures uint8 (images, image_size, image_size, 3)."""
    feature_map = task.image_encoder(pixels, training=False)
    return task.image_tower({"feature_map": feature_map}, training=False)


def text_vectors(task: ImageTextMatcher, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """`vector`, `words` and `padding_mask` of token ids int32 (texts, words)."""
    encoded = task.text_encoder({"token_ids": token_ids}, training=False)
    found = task.text_tower(
        {"sentence": encoded["sentence"], "words": encoded["words"]}, training=False
    )
    return dict(found) | {"padding_mask": encoded["padding_mask"]}


def _as_wide(flags: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    return tf.reshape(flags, (-1, *[1] * (value.shape.rank - 1)))
