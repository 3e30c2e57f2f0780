"""Numbers that tell how good painted pictures are, by name."""

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.one_number import OneNumber
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance
from keras_imgdesc.evaluation.paintings.r_precision import RPrecision
from keras_imgdesc.evaluation.scenes.scene_accuracy import SceneAccuracy

# Texts to uint8 pictures (texts, size, size, 3).
Paint = Callable[[list[str]], np.ndarray]
# What is painted for validation texts to a number. One with an attribute
# `lower_is_better` that is true is the better the smaller it is.
PaintingMetric = Callable[[Paint, CaptionCollection], float]
# Of Scenes, read by rules.
RULED = (
    "scene_found",
    "scene_objects",
    "scene_sizes",
    "scene_relations",
    "scene_exact",
)


def named_metrics(names: list[str], matcher: Any) -> dict[str, PaintingMetric]:
    """The metrics of a recipe.

    Args:
        names: of them.
        matcher: the one that the recipe names, or None.

    Raises:
        InputError: there is none of that name.
    """
    found: dict[str, PaintingMetric] = {}
    for name in names:
        if name in RULED:
            found[name] = OneNumber(SceneAccuracy(), name)
            continue
        if name not in ("r_precision", "fid"):
            raise InputError(
                "A metric must be one there is",
                f"Choose of r_precision, fid, {', '.join(RULED)}, or hand others to "
                "train_generator",
                metric=name,
            )
        if matcher is None:
            raise InputError(
                "This metric needs a matcher",
                "Name the preset of one in text_encoder_from",
                metric=name,
            )
        if name == "fid":
            extractor = FeatureExtractor(matcher.image_encoder)
            found[name] = OneNumber(FrechetDistance(extractor), name, True)
        else:
            # A few validation pictures are enough to watch a training.
            precision = RPrecision(matcher.score, on_real=False, allow_fewer=True)
            found[name] = OneNumber(precision, name)
    return found
