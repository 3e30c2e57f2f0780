"""What a painter offers on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph.painting import features_of, painted
from keras_imgdesc.export.signature import Examples, Signature, refuse_settings
from keras_imgdesc.export.tflite.full_int8 import DRAWN
from keras_imgdesc.export.tflite.lite_model import (
    LiteModel,
    lite_model_of,
    text_metadata,
)
from keras_imgdesc.noise import draw_normal
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.text.checks import check_texts


@lite_model_of.register
def painter_lite_model(task: TextToImage, **settings: Any) -> LiteModel:
    """`paint` of a painter.

    Args:
        task: the painter.
        **settings: there are none.
    """
    refuse_settings(task, settings)
    encoder, width = task.text_encoder, task.generator.latent_dim

    def paint(token_ids: tf.Tensor, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = features_of(task, token_ids) | {"noise": noise}
        return {"image": painted(task, inputs)}

    token_ids = tf.TensorSpec((1, encoder.sequence_length), tf.int32, name="token_ids")
    noise = tf.TensorSpec((1, width), tf.float32, name="noise")
    return LiteModel(
        signatures={"paint": Signature(paint, (token_ids, noise), {})},
        metadata={
            "task": "TextToImage",
            "image": "RGB, upright, painted",
            "noise": "standard normal; of a seed, Threefry-2x32-20 and Box-Muller",
            **text_metadata(encoder),
        },
        vocabulary=encoder.tokenizer.vocabulary,
        representative="texts",
        read_examples=partial(_examples, task),
        exact=(encoder.name, task.generator.whitening.name),
    )


def _examples(task: TextToImage, texts: Iterable[str] | None) -> Examples:
    """Token ids of texts, each with noise of its own."""
    if texts is None:
        token_ids = _drawn_texts(task)
    else:
        several = list(texts)
        if not several:
            raise InputError(
                "int8 needs representative texts",
                "Give about a hundred, like those that will be painted",
                representative_texts=0,
            )
        token_ids = task.text_encoder.tokenize(check_texts(several))
    noise = draw_normal(len(token_ids), task.generator.latent_dim, seed=0)
    return [
        {"token_ids": ids[None], "noise": values[None]}
        for ids, values in zip(token_ids, noise, strict=True)
    ]


def _drawn_texts(task: TextToImage) -> np.ndarray:
    """Token ids of captions of Scenes, or of known words in random order."""
    from keras_imgdesc.data.scenes import caption_scene, make_scene

    captions = [caption_scene(make_scene("train", i)[0]) for i in range(DRAWN)]
    texts = [several[i % len(several)] for i, several in enumerate(captions)]
    token_ids: np.ndarray = task.text_encoder.tokenize(texts)
    vocabulary = task.text_encoder.tokenizer.vocabulary
    if (token_ids != vocabulary.unk_id).all():
        return token_ids
    edges = (vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id)
    known = np.setdiff1d(range(len(vocabulary.tokens)), (*edges, vocabulary.unk_id))
    drawn = np.random.default_rng(0).choice(known, token_ids.shape)
    words = np.where(np.isin(token_ids, edges), token_ids, drawn)
    return words.astype(token_ids.dtype)
