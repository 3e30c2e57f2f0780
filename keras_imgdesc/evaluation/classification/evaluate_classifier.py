"""Score a classifier on images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.classification.class_predictor import softmax
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.evaluation.classification.classification_metrics import (
    ClassificationAccuracy,
    TeacherAgreement,
)
from keras_imgdesc.evaluation.metric import compute_metrics


@dataclass(frozen=True)
class ClassifierEvaluation:
    """Scores of a classifier on images.

    Attributes:
        metrics: numbers of `ClassificationAccuracy` or `TeacherAgreement`.
        settings: numbers of images and classes.
        failed: error messages by the id of each image that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    failed: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """Return settings and scores, rounded to three decimals, as JSON values."""
        metrics = {name: round(value, 3) for name, value in self.metrics.items()}
        return self.settings | metrics | {"failed": len(self.failed)}


def evaluate_classifier(
    classifier: Any,
    collection: CaptionCollection,
    *,
    teacher: Any = None,
    limit: int | None = None,
    batch_size: int = 32,
    progress: bool = True,
) -> ClassifierEvaluation:
    """Score a classifier by the right classes, or by the answers of another.

    Args:
        classifier: an `ImageClassifier`.
        collection: images; without a teacher with `extra["name"]`, the name of the
            right class or a synonym of it.
        teacher: classifier with the same labels, whose answers count as right; None
            takes those of the collection.
        limit: number of images, spread evenly over the collection; None takes all.
        batch_size: images per batch.
        progress: whether to show a progress bar.

    Returns:
        The scores. An image that cannot be read is listed in `failed` and omitted.

    Raises:
        InputError: a class is unknown, the labels differ, or no image can be read.
    """
    if teacher is not None and teacher.labels != classifier.labels:
        raise InputError(
            "A classifier and its teacher must have the same labels",
            "Compare classifiers of the same classes",
            classifier=len(classifier.labels),
            teacher=len(teacher.labels),
        )
    examples = collection.examples
    if limit is not None and limit < len(examples):
        chosen = np.linspace(0, len(examples) - 1, limit).round().astype(int)
        examples = [examples[i] for i in chosen]
    if teacher is None:
        examples = labelled(CaptionCollection(examples), classifier.labels).examples
    rows, kept, failed = [], [], {}
    sources = [example.source for example in examples]
    for example, found in zip(
        examples, _logits(classifier, sources, batch_size, progress), strict=True
    ):
        if isinstance(found, ImageError):
            failed[example.image_id] = str(found)
        else:
            rows.append(found)
            kept.append(example)
    if not kept:
        raise InputError(
            "At least one image must be readable",
            "Check the paths of the images; the first error is: "
            f"{next(iter(failed.values()), 'there are no images')}",
            images=len(examples),
        )
    metric: ClassificationAccuracy | TeacherAgreement = ClassificationAccuracy()
    if teacher is not None:
        sources = [example.source for example in kept]
        answers = _logits(teacher, sources, batch_size, progress)
        expected = [found for found in answers if not isinstance(found, ImageError)]
        metric = TeacherAgreement(softmax(np.stack(expected)))
    metrics = compute_metrics(
        [metric], softmax(np.stack(rows)), CaptionCollection(kept)
    )
    settings = {"pictures": len(kept), "classes": len(classifier.labels)}
    return ClassifierEvaluation(metrics, settings, failed)


def labelled(collection: CaptionCollection, labels: Any) -> CaptionCollection:
    """Return a collection whose `extra["label"]` is a position among some labels.

    Args:
        collection: images with `extra["name"]`.
        labels: the `Labels` of a classifier.

    Raises:
        InputError: an image has no class, or one that the labels lack.
    """
    examples = []
    for example in collection:
        if "name" not in example.extra:
            raise InputError(
                "Every image must have the name of its class",
                "Read the images with read_labelled_folders",
                image=example.image_id,
            )
        extra = example.extra | {"label": labels.id_of(example.extra["name"])}
        examples.append(replace(example, extra=extra))
    return CaptionCollection(examples, collection.problems)


def _logits(
    classifier: Any, sources: list[Any], batch_size: int, progress: bool
) -> Iterator[np.ndarray | ImageError]:
    stream = classifier.logits_stream(sources, batch_size=batch_size)
    for _, found in tqdm(stream, total=len(sources), disable=not progress, unit="img"):
        yield found
