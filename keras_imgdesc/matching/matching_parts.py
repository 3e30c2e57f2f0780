"""The parts of a matcher as one model to train."""

from __future__ import annotations

from typing import Any

import keras

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
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and outputs of the training form.

    Args:
        image_part: what comes before the image tower, a picture encoder or the trained
            rest of one; None where feature maps are read.
        text_encoder: None where its outputs are read.
        image_tower, text_tower, pair_score: the trained parts.

    Returns:
        Inputs `{"image"}`, or `{"feature_map"}` where there is no `image_part`, with
        `{"token_ids"}`, or `{"sentence", "words", "padding_mask"}` where there is no
        `text_encoder`; outputs `{"scores": (images, texts), "image_vector",
        "text_vector"}`.
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
        inputs["padding_mask"] = keras.Input((length,), dtype="bool", name="mask")
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
    return inputs, outputs


def matching_model(*parts: Any, name: str = "matching") -> MatchingModel:
    """The training form of `matching_graph` as a model; the parts as there."""
    inputs, outputs = matching_graph(*parts)
    return MatchingModel(inputs=inputs, outputs=outputs, name=name)
