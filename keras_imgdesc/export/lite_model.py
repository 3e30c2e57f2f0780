"""What each task offers in a `.tflite` file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import tensorflow as tf

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.signature import Signature
from keras_imgdesc.lite.model_file import VOCABULARY_FILE


@dataclass(frozen=True)
class LiteModel:
    """The functions of a `.tflite` file, and what travels with them.

    Args:
        signatures: by name, of static shapes. The converter sorts them by name, and the
            first is what runs when none is named.
        metadata: of the task; those of every file are added to it.
        vocabulary: a token a line, the number of the line being its id.
        image_size: side of the images that it takes.
    """

    signatures: dict[str, Signature]
    metadata: dict[str, Any]
    vocabulary: str
    image_size: int


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
        "Give an ImageCaptioner or an ImageTextMatcher",
        task=type(task).__name__,
    )


@lite_model_of.register
def captioner_lite_model(
    task: ImageCaptioner,
    *,
    num_beams: int | None = None,
    length_penalty: float | None = None,
    max_length: int | None = None,
) -> LiteModel:
    """`describe`, `encode` and `step` of a captioner.

    Args:
        task: the captioner.
        num_beams, length_penalty, max_length: of the beam search; None means the
            captioner's own.
    """
    settings = task.generation.changed(
        num_beams=num_beams, length_penalty=length_penalty, max_length=max_length
    )
    size = task.encoder.image_size
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
        memory, (hidden, cell) = task.decoder.begin(task.encoder(image, training=False))
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
    vocabulary = task.tokenizer.vocabulary
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
            "vocabulary": {
                "file": VOCABULARY_FILE,
                "pad_id": vocabulary.pad_id,
                "unk_id": vocabulary.unk_id,
                "start_id": vocabulary.start_id,
                "end_id": vocabulary.end_id,
            },
        },
        vocabulary="\n".join(vocabulary.tokens) + "\n",
        image_size=size,
    )
