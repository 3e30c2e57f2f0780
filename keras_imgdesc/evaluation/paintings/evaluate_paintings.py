"""Let a generator paint a collection's texts and measure what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.generator_evaluation import GeneratorEvaluation
from keras_imgdesc.evaluation.paintings.closed_loop import DescribeFunction
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    GenerateFunction,
    RememberingPainter,
    readable_pictures,
    real_pictures,
    sheet_texts,
    some_pictures,
)

Metric = Callable[[GenerateFunction, CaptionCollection], dict[str, float]]


def evaluate_generator(
    generate: GenerateFunction,
    validation: CaptionCollection,
    metrics: Sequence[Metric],
    *,
    describe: DescribeFunction | None = None,
    sheet: int = 24,
    seed: int = 0,
    progress: bool = True,
) -> GeneratorEvaluation:
    """Measure a generator; metrics that ask for the same pictures share them.

    Args:
        generate: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`, the same
            pictures for the same arguments.
        validation: pictures with captions, none of which it was trained on.
        metrics: such as `FrechetDistance`, `Diversity`, `RPrecision`, `ClassAccuracy`,
            `SceneAccuracy` and `ClosedLoop`.
        describe: a captioner's `generate`, for notes under the pictures shown.
        sheet: how many texts the sheet has, from all over the collection.
        seed: of the sheet's pictures; metrics have their own.
        progress: show a progress bar.

    Returns:
        What was found; a picture that cannot be read is named in it and left out, its
        texts too.

    Raises:
        InputError: the collection is empty or holds no readable picture, or `generate`
            gives something else than pictures.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.evaluate_paintings import (
    ...     evaluate_generator,
    ... )
    >>> from keras_imgdesc.evaluation.scenes.scene_accuracy import SceneAccuracy
    >>> scenes = draw_scenes("test", 8)
    >>> def generate(texts, seed):
    ...     return np.stack([scenes[i].image for i in range(len(texts))])
    >>> result = evaluate_generator(
    ...     generate, scenes, [SceneAccuracy()], progress=False
    ... )
    >>> result.summary()["scene_objects"]
    100.0
    """
    painter = RememberingPainter(generate)
    validation, failed = readable_pictures(validation)
    texts = sheet_texts(validation, sheet)
    pictures = painter(texts, seed)
    size = pictures.shape[1]
    settings: dict[str, Any] = {
        "pictures": len(validation),
        "picture_size": size,
        "text": _kind_of_text(validation),
    }
    found: dict[str, float] = {}
    for metric in tqdm(metrics, disable=not progress, unit="metric"):
        found |= metric(painter, validation)
        settings |= getattr(metric, "settings", {})
    said = [] if describe is None else [str(t) for t in describe(list(pictures))]
    return GeneratorEvaluation(
        metrics=found,
        settings=settings,
        texts=texts,
        pictures=pictures,
        real=real_pictures(some_pictures(validation, sheet), size),
        descriptions=said,
        failed=failed,
    )


def _kind_of_text(validation: CaptionCollection) -> str:
    kinds = {example.extra.get("text", "captions") for example in validation}
    return ", ".join(sorted(kinds))
