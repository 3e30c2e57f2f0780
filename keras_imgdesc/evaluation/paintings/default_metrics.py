"""The metrics of paintings that a collection and the models at hand allow."""

from __future__ import annotations

from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.matching.score_function import score_any_texts
from keras_imgdesc.evaluation.paintings.class_accuracy import ClassAccuracy
from keras_imgdesc.evaluation.paintings.closed_loop import ClosedLoop, DescribeFunction
from keras_imgdesc.evaluation.paintings.diversity import Diversity
from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
from keras_imgdesc.evaluation.paintings.frechet import FrechetDistance
from keras_imgdesc.evaluation.paintings.paint_function import PaintingMetric
from keras_imgdesc.evaluation.paintings.r_precision import RPrecision
from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy


def default_metrics(
    collection: CaptionCollection,
    *,
    matcher: Any = None,
    matcher_name: str = "",
    describe: DescribeFunction | None = None,
    captioner_name: str = "",
    classifier: FeatureExtractor | None = None,
    photos: CaptionCollection | None = None,
) -> list[PaintingMetric]:
    """Return the metrics that `evaluate_paintings` should compute.

    `Diversity` always; `SceneAccuracy` for Scenes; `RPrecision` with a matcher, and
    `FrechetDistance` with its image encoder; `ClosedLoop` with a captioner, for Scenes
    and for images with a name; `ClassAccuracy` with a classifier's extractor and
    photos, for images with a label.

    Args:
        collection: images with captions.
        matcher: an `ImageTextMatcher`.
        matcher_name: name reported with the matcher's numbers.
        describe: images to captions, such as `ImageCaptioner.generate`.
        captioner_name: name reported with the captioner's numbers.
        classifier: feature extractor of the classifier, preferably of an encoder that
            the painter was not trained with.
        photos: real images with labels that the classifier is trained on.

    Raises:
        InputError: there is a classifier but no photos, an image has no label, or
            `photos` holds images of the collection.

    Example:

    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.default_metrics import default_metrics
    >>> scenes = draw_scenes("test", 8)
    >>> [type(metric).__name__ for metric in default_metrics(scenes)]
    ['SceneAccuracy', 'Diversity']
    """
    found: list[PaintingMetric] = []
    is_of_scenes = _all_have(collection, "scene_graph")
    has_names = _all_have(collection, "name")
    if is_of_scenes:
        found.append(SceneAccuracy())
    if classifier is not None:
        found.append(ClassAccuracy(classifier, _check_photos(collection, photos)))
    if describe is not None and (is_of_scenes or has_names):
        name = "loop_name" if has_names else "loop_scene"
        found.append(ClosedLoop(describe, captioner_name, name))
    if matcher is not None:
        extractor = FeatureExtractor.of_task(matcher, matcher_name)
        found.append(
            RPrecision(score_any_texts(matcher), matcher_name, allow_fewer=True)
        )
        found.append(FrechetDistance(extractor))
    return [*found, Diversity()]


def _all_have(collection: CaptionCollection, key: str) -> bool:
    return all(key in example.extra for example in collection)


def _check_photos(
    collection: CaptionCollection, photos: CaptionCollection | None
) -> CaptionCollection:
    if photos is None or not len(photos):
        raise InputError(
            "A classifier is trained on real images",
            "Pass images with labels as photos",
        )
    if not (_all_have(collection, "label") and _all_have(photos, "label")):
        raise InputError(
            "A classifier needs a label for each image",
            "Read the images with read_flowers, or omit the classifier",
        )
    both = {e.image_id for e in collection} & {e.image_id for e in photos}
    if both:
        raise InputError(
            "A classifier must not be trained on images whose texts are painted",
            "Use another split for the photos",
            images=len(both),
            for_example=min(both),
        )
    return photos
