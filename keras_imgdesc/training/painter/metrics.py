"""The metrics of paintings that a recipe names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.score_function import score_any_texts
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance
from keras_imgdesc.evaluation.paintings.paint_function import PaintingMetric
from keras_imgdesc.evaluation.paintings.r_precision import RPrecision
from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
from keras_imgdesc.evaluation.scenes.scene_scoring import SCENE_SCORES

METRICS = ("r_precision", "fid", *SCENE_SCORES)


def named_metrics(names: Sequence[str], matcher: Any) -> list[PaintingMetric]:
    """Return the metrics of a recipe.

    Args:
        names: names of metrics: `"r_precision"`, `"fid"`, or a score of Scenes such as
            `"scene_exact"`.
        matcher: the `ImageTextMatcher` that the recipe names, or None.

    Returns:
        A metric per name, each with that name.

    Raises:
        InputError: a name is unknown, or a metric needs a matcher and there is none.

    Example:

    >>> from keras_imgdesc.training.painter.metrics import named_metrics
    >>> [metric.name for metric in named_metrics(["scene_objects"], None)]
    ['scene_objects']
    """
    return [_named_metric(name, matcher) for name in names]


def _named_metric(name: str, matcher: Any) -> PaintingMetric:
    if name in SCENE_SCORES:
        return SceneAccuracy(name)
    if name not in METRICS:
        raise InputError(
            "The metric must be a known one or one passed to the training",
            f"Use one of {list(METRICS)}, or pass an object with this name as metrics",
            metric=name,
        )
    if matcher is None:
        raise InputError(
            "This metric needs a matcher",
            "Set text_encoder_from to the preset of a matcher",
            metric=name,
        )
    if name == "fid":
        return FrechetDistance(FeatureExtractor(matcher.image_encoder))
    # There may be few validation images: enough to compare epochs of one training.
    return RPrecision(score_any_texts(matcher), on_real=False, allow_fewer=True)
