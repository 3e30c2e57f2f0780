"""The parts of a matcher, joined into one model to train."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.matching.image_tower import ImageTower
from keras_imgdesc.matching.matching_model import MatchingModel
from keras_imgdesc.matching.pair_score import PairScore
from keras_imgdesc.matching.text_tower import TextTower


def matching_graph(
    image_part: keras.Model | None,
    text_encoder: keras.Model | None,
    image_tower: ImageTower,
    text_tower: TextTower,
    pair_score: PairScore,
    num_negatives: int = 0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return symbolic inputs and outputs of the training form.

    Args:
        image_part: image encoder, or the trainable part of one; None if the inputs are
            feature maps.
        text_encoder: text encoder; None if the inputs are its outputs.
        image_tower, text_tower, pair_score: parts of the matcher.
        num_negatives: number of wrong texts per image, which need a `text_encoder`.

    Returns:
        Inputs `{"image"}`, or `{"feature_map"}` without an `image_part`, with
        `{"token_ids"}`, or `{"sentence", "words", "padding_mask"}` without a
        `text_encoder`; and outputs `{"scores": (images, texts), "image_vector",
        "text_vector"}`. With `num_negatives`, there is a further input `"negative_ids"`
        (images, num_negatives, words) and output `"negative_scores"` (images,
        num_negatives).
    """
    inputs: dict[str, Any] = {}
    if image_part is None:
        feature_map = keras.Input(image_tower.feature_map_shape, name="feature_map")
        inputs["feature_map"] = feature_map
    else:
        image = keras.Input(image_part.input.shape[1:], name="image")
        inputs["image"], feature_map = image, image_part(image)
    length = text_tower.sequence_length
    if text_encoder is None:
        inputs["sentence"] = keras.Input((text_tower.text_dim,), name="sentence")
        inputs["words"] = keras.Input((length, text_tower.text_dim), name="words")
        mask = keras.Input((length,), dtype="bool", name="padding_mask")
        inputs["padding_mask"] = mask
        encoded = {k: inputs[k] for k in ("sentence", "words", "padding_mask")}
    else:
        inputs["token_ids"] = keras.Input((length,), dtype="int32", name="token_ids")
        encoded = text_encoder({"token_ids": inputs["token_ids"]})
    images = image_tower({"feature_map": feature_map})
    texts = text_tower({"sentence": encoded["sentence"], "words": encoded["words"]})
    outputs = {
        "scores": pair_score(images, texts, encoded["padding_mask"]),
        "image_vector": images["vector"],
        "text_vector": texts["vector"],
    }
    if num_negatives:
        assert text_encoder is not None
        shape = (num_negatives, length)
        ids = keras.Input(shape, dtype="int32", name="negative_ids")
        inputs["negative_ids"] = ids
        encoded = text_encoder({"token_ids": ops.reshape(ids, (-1, length))})
        wrong = text_tower({"sentence": encoded["sentence"], "words": encoded["words"]})
        width = text_tower.embedding_dim
        outputs["negative_scores"] = OwnScore(pair_score)(
            images,
            {
                "vector": ops.reshape(wrong["vector"], (-1, num_negatives, width)),
                "words": ops.reshape(wrong["words"], (-1, *shape, width)),
            },
            ops.reshape(encoded["padding_mask"], (-1, *shape)),
        )
    return inputs, outputs


class OwnScore(keras.layers.Layer):
    """`PairScore.own` as a layer that shares the weights of `pair_score`."""

    def __init__(self, pair_score: PairScore) -> None:
        super().__init__(name="own_score", dtype="float32")
        self.pair_score = pair_score
        self.built = True

    def build(self, *shapes: Any, **more: Any) -> None:
        pass

    def call(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        return self.pair_score.own(images, texts, padding_mask)

    def compute_output_spec(self, images: Any, texts: Any, padding_mask: Any) -> Any:
        return keras.KerasTensor((None, texts["vector"].shape[1]), "float32")


def matching_model(
    image_part: keras.Model | None,
    text_encoder: keras.Model | None,
    matcher: Any,
    num_negatives: int = 0,
) -> MatchingModel:
    """Build the training form of a matcher, with or without its encoders.

    Args:
        image_part, text_encoder, num_negatives: as in `matching_graph`.
        matcher: `ImageTextMatcher` whose towers and score are shared.
    """
    inputs, outputs = matching_graph(
        image_part,
        text_encoder,
        matcher.image_tower,
        matcher.text_tower,
        matcher.pair_score,
        num_negatives,
    )
    return MatchingModel(inputs=inputs, outputs=outputs, name="matching")


def check_parts(
    image_encoder: Any,
    text_encoder: Any,
    image_tower: ImageTower,
    text_tower: TextTower,
) -> None:
    """Refuse towers that do not fit the encoders or each other.

    Raises:
        InputError: two shapes differ.
    """
    for rule, received, expected in (
        (
            "The image tower must be built for the image encoder's feature map",
            tuple(image_tower.feature_map_shape),
            tuple(image_encoder.feature_map_shape),
        ),
        (
            "The text tower must be built for the text encoder",
            (text_tower.sequence_length, text_tower.text_dim),
            (text_encoder.sequence_length, text_encoder.embedding_dim),
        ),
        (
            "Both towers must have the same embedding_dim",
            text_tower.embedding_dim,
            image_tower.embedding_dim,
        ),
    ):
        if received != expected:
            raise InputError(
                rule,
                "Use ImageTextMatcher.build_parts",
                received=received,
                expected=expected,
            )
