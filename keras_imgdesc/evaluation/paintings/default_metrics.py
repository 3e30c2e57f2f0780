"""The metrics of a generator that its data and the models at hand allow."""

from __future__ import annotations

from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.class_accuracy import ClassAccuracy
from keras_imgdesc.evaluation.paintings.closed_loop import ClosedLoop, DescribeFunction
from keras_imgdesc.evaluation.paintings.diversity import Diversity
from keras_imgdesc.evaluation.paintings.evaluate_paintings import Metric
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance
from keras_imgdesc.evaluation.paintings.r_precision import RPrecision
from keras_imgdesc.evaluation.scenes.scene_accuracy import SceneAccuracy


def fitting_metrics(
    validation: CaptionCollection,
    *,
    matcher: Any = None,
    matcher_name: str = "",
    describe: DescribeFunction | None = None,
    captioner_name: str = "",
    classifier: FeatureExtractor | None = None,
    photos: CaptionCollection | None = None,
) -> list[Metric]:
    """What `evaluate_generator` should measure.

    `Diversity` always; with a matcher `RPrecision`, and `FrechetDistance` by its image
    encoder; `SceneAccuracy` of scenes; with a captioner `ClosedLoop` of scenes and of
    pictures with a name; with a classifier's eyes and photos `ClassAccuracy` of
    pictures with a label.

    Args:
        validation: pictures with captions.
        matcher: an `ImageTextMatcher`.
        matcher_name: stands beside its numbers.
        describe: a captioner's `generate`.
        captioner_name: stands beside its numbers.
        classifier: what a classifier sees with; best of an encoder that the generator
            was not trained with.
        photos: real pictures with labels that the classifier learns from.

    Raises:
        InputError: a classifier without photos or for pictures without labels, or
            photos whose texts are painted.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.default_metrics import fitting_metrics
    >>> scenes = draw_scenes("test", 8)
    >>> [type(metric).__name__ for metric in fitting_metrics(scenes)]
    ['SceneAccuracy', 'Diversity']
    """
    found: list[Metric] = []
    is_of_scenes = _all_have(validation, "scene_graph")
    if is_of_scenes:
        found.append(SceneAccuracy())
    if classifier is not None:
        _check_photos(validation, photos)
        assert photos is not None
        found.append(ClassAccuracy(classifier, photos))
    if describe is not None and (is_of_scenes or _all_have(validation, "name")):
        found.append(ClosedLoop(describe, captioner_name))
    if matcher is not None:
        extractor = FeatureExtractor.of_task(matcher, matcher_name)
        found.append(RPrecision(matcher.score, matcher_name, allow_fewer=True))
        found.append(FrechetDistance(extractor))
    return [*found, Diversity()]


def _all_have(collection: CaptionCollection, key: str) -> bool:
    return all(key in example.extra for example in collection)


def _check_photos(
    validation: CaptionCollection, photos: CaptionCollection | None
) -> None:
    if photos is None or not len(photos):
        raise InputError(
            "A classifier learns from real pictures", "Give photos with labels"
        )
    if not (_all_have(validation, "label") and _all_have(photos, "label")):
        raise InputError(
            "A classifier needs a label of each picture",
            "Leave it out for these pictures, or use read_flowers",
        )
    both = {e.image_id for e in validation} & {e.image_id for e in photos}
    if both:
        raise InputError(
            "A classifier must not learn from the pictures whose texts are painted",
            "Take another split for one of the two",
            pictures=len(both),
            for_example=min(both),
        )
