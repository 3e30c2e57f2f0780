"""What each task offers in a `.tflite` file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

import tensorflow as tf

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.signature import Examples, Signature, refuse_settings
from keras_imgdesc.export.tflite.full_int8 import read_representative


@dataclass(frozen=True)
class LiteModel:
    """The functions of a `.tflite` file, and what travels with them.

    Args:
        signatures: by name, of static shapes. The converter sorts them by name, and the
            first is what runs when none is named.
        metadata: of the task; those of every file are added to it.
        vocabulary: of the task's tokenizer.
        representative: what examples are made of, `"images"` or `"texts"`.
        read_examples: makes inputs of one of the signatures, for int8 to be fitted
            to, of representative images or texts; of None, of what Scenes draws.
        exact: names of parts whose fully connected layers no int8 serves.
    """

    signatures: dict[str, Signature]
    metadata: dict[str, Any]
    vocabulary: Any
    representative: str
    read_examples: Callable[[Iterable[Any] | None], Examples]
    exact: tuple[str, ...] = ()


@singledispatch
def lite_model_of(task: Any, **settings: Any) -> LiteModel:
    """What a task offers on a phone; another task registers its own.

    Args:
        task: a task of this package.
        **settings: fixed in the file, see the task's own function.

    Raises:
        InputError: there is nothing for this kind of task.
    """
    raise InputError(
        "Only a task can be exported",
        "Give an ImageCaptioner, an ImageTextMatcher or a TextToImage",
        task=type(task).__name__,
    )


@lite_model_of.register
def captioner_lite_model(
    task: ImageCaptioner,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
    **others: Any,
) -> LiteModel:
    """`describe`, `encode` and `step` of a captioner.

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
    rows, columns, _ = task.decoder.feature_map_shape

    def describe(image: tf.Tensor) -> dict[str, tf.Tensor]:
        found = task.find_captions(
            image,
            num_beams=settings.num_beams,
            max_length=settings.max_length,
            length_penalty=settings.length_penalty,
            return_attention=True,
        )
        shape = (1, settings.max_length, rows, columns)
        return {
            "token_ids": found.token_ids[:, 0],
            "log_probs": found.log_probs[:, 0],
            "attention": tf.reshape(found.attention[:, 0], shape),
        }

    def encode(image: tf.Tensor) -> dict[str, tf.Tensor]:
        memory, (hidden, cell) = task.decoder.begin(
            task.image_encoder(image, training=False)
        )
        return memory | {"hidden": hidden, "cell": cell}

    def step(token_id: tf.Tensor, *values: tf.Tensor) -> dict[str, tf.Tensor]:
        memory = dict(zip(encoded, values, strict=True))
        state = memory.pop("hidden"), memory.pop("cell")
        log_probs, attention, (hidden, cell) = task.decoder.step(
            token_id, memory, state
        )
        return {
            "log_probs": log_probs,
            "attention": tf.reshape(attention, (1, rows, columns)),
            "next_hidden": hidden,
            "next_cell": cell,
        }

    image = tf.TensorSpec((1, size, size, 3), tf.uint8, name="image")
    token_id = tf.TensorSpec((1,), tf.int32, name="token_id")
    encoded = tf.function(encode).get_concrete_function(image).structured_outputs
    found = [tf.TensorSpec(t.shape, t.dtype, name=n) for n, t in encoded.items()]
    return LiteModel(
        signatures={
            "describe": Signature(describe, (image,), {}),
            "encode": Signature(encode, (image,), {}),
            "step": Signature(step, (token_id, *found), {}),
        },
        metadata={
            "task": "ImageCaptioner",
            "search": {
                "num_beams": settings.num_beams,
                "length_penalty": settings.length_penalty,
                "max_length": settings.max_length,
            },
        },
        vocabulary=task.tokenizer.vocabulary,
        representative="images",
        read_examples=partial(image_examples, size),
    )


def image_examples(size: int, images: Iterable[Any] | None) -> Examples:
    """Inputs of signatures that take an `image` alone.

    Args:
        size: side of the square.
        images: see `read_representative`.
    """
    return [{"image": image} for image in read_representative(images, size)]


def text_metadata(encoder: Any) -> dict[str, Any]:
    """How texts become the `token_ids` of a text encoder."""
    return {
        "tokenizer": type(encoder.tokenizer).__name__,
        "sequence_length": encoder.sequence_length,
    }
