"""Paint the texts of a collection and measure the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.closed_loop import DescribeFunction
from keras_imgdesc.evaluation.paintings.held_out_texts import (
    drop_unreadable,
    load_real_images,
    sample_evenly,
    select_sheet_texts,
)
from keras_imgdesc.evaluation.paintings.paint_function import (
    CachedPainter,
    PaintFunction,
    PaintingMetric,
)

# Numbers that are counts, not measurements.
COUNTS = ("fid_painted", "fid_real")


@dataclass(frozen=True, eq=False)
class PaintingEvaluation:
    """Scores of a painter, and sample images for a contact sheet.

    Attributes:
        metrics: the numbers of all metrics; shares in percent.
        settings: what was measured with what, and on how many images.
        texts: the texts of the sheet, the same for every painter.
        painted: the painted images of the sheet, uint8 `(texts, size, size, 3)`.
        real: the images that the texts belong to, uint8 `(texts, size, size, 3)`.
        descriptions: a captioner's caption of each painted image; empty without one.
        failed: error messages by the id of each image that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    texts: list[str]
    painted: np.ndarray
    real: np.ndarray
    descriptions: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return settings and scores, rounded to three decimals, as JSON values."""
        metrics = {
            name: int(value) if name in COUNTS else round(value, 3)
            for name, value in self.metrics.items()
        }
        return self.settings | metrics | {"failed": len(self.failed)}


def evaluate_paintings(
    paint: PaintFunction,
    collection: CaptionCollection,
    metrics: Sequence[PaintingMetric],
    *,
    describe: DescribeFunction | None = None,
    sheet: int = 24,
    seed: int = 0,
    progress: bool = True,
) -> PaintingEvaluation:
    """Measure a painter on the texts of a collection.

    Metrics that ask for the same images share them.

    Args:
        paint: `(texts, seed)` to uint8 RGB `(texts, size, size, 3)`; equal images for
            equal arguments.
        collection: images with captions that the painter was not trained on.
        metrics: what to measure; see `default_metrics`.
        describe: images to captions, such as `ImageCaptioner.generate`, for notes
            under the images of the sheet.
        sheet: number of texts of the sheet, evenly spaced over the collection.
        seed: seed of the sheet's images; each metric has its own.
        progress: whether to show a progress bar.

    Returns:
        The scores and the images of the sheet. An image that cannot be read is listed
        in `failed` and omitted, together with its texts.

    Raises:
        InputError: the collection has no readable image, or `paint` does not return
            images.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> from keras_imgdesc.evaluation.paintings.evaluate_paintings import (
    ...     evaluate_paintings,
    ... )
    >>> from keras_imgdesc.evaluation.paintings.scene_accuracy import SceneAccuracy
    >>> scenes = draw_scenes("test", 8)
    >>> def paint(texts, seed):
    ...     return np.stack([scenes[i].image for i in range(len(texts))])
    >>> found = evaluate_paintings(paint, scenes, [SceneAccuracy()], progress=False)
    >>> found.summary()["scene_objects"]
    100.0
    """
    painter = CachedPainter(paint)
    collection, failed = drop_unreadable(collection)
    texts = select_sheet_texts(collection, sheet)
    painted = painter(texts, seed)
    size = painted.shape[1]
    settings: dict[str, Any] = {
        "pictures": len(collection),
        "picture_size": size,
        "text": _sources_of_text(collection),
    }
    found: dict[str, float] = {}
    for metric in tqdm(metrics, disable=not progress, unit="metric"):
        found |= metric.compute(painter, collection)
        settings |= getattr(metric, "settings", {})
    descriptions: list[str] = []
    if describe is not None:
        descriptions = [str(caption) for caption in describe(list(painted))]
    return PaintingEvaluation(
        metrics=found,
        settings=settings,
        texts=texts,
        painted=painted,
        real=load_real_images(sample_evenly(collection, sheet), size),
        descriptions=descriptions,
        failed=failed,
    )


def _sources_of_text(collection: CaptionCollection) -> str:
    """Return where the texts are from: captions, or derived from names and colours."""
    sources = {example.extra.get("text", "captions") for example in collection}
    return ", ".join(sorted(sources))
