"""How a classifier is verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_imgdesc.verification.tasks.task_check import (
    Answer,
    Ask,
    Column,
    Request,
    TaskCheck,
)

if TYPE_CHECKING:
    from keras_imgdesc.data.caption_collection import CaptionCollection

# Largest allowed difference of a probability in float32: sums are added in another
# order.
LARGEST_DIFFERENCE = 1e-3
CUT = 5


class ClassifierCheck(TaskCheck):
    """Classify images; float32 forms must give Python's probabilities."""

    task = "ImageClassifier"
    signature = "probabilities"
    outputs = ("probability", "error")
    columns = (
        Column("same", "same class", ">10.1%"),
        Column("same_five", "in first 5", ">10.1%"),
        Column("difference", "P +-", ">8.1e"),
    )

    def requests(
        self, task: Any, collection: CaptionCollection, folder: Path
    ) -> list[Request]:
        """Return `image`, the path of a file, for each image."""
        from keras_imgdesc.verification.servable_images import write_images

        paths, _ = write_images(collection, folder)
        return [{"image": path} for path in paths]

    def python(self, preset: str) -> Ask:
        from keras_imgdesc.classification import ImageClassifier

        return self.ask(ImageClassifier.from_preset(preset))

    def lite(self, path: str, num_threads: int | None) -> Ask:
        from keras_imgdesc.lite import LiteClassifier

        return self.ask(LiteClassifier(path, num_threads))

    def ask(self, task: Any) -> Ask:
        # Python returns one row per image, LiteRT that of its only one.
        return lambda request: {
            "probabilities": np.ravel(task.probabilities(request["image"]))
        }

    def inputs(self, request: Request) -> dict[str, np.ndarray]:
        content = Path(request["image"]).read_bytes()
        return {"image_bytes": np.array([content], object)}

    def read(self, outputs: dict[str, np.ndarray]) -> Answer:
        return {"probabilities": outputs["probability"][0]}

    def compare(
        self, requests: list[Request], answers: list[Answer], expected: list[Answer]
    ) -> dict[str, Any]:
        """Compare probabilities.

        Returns:
            `same`, the share of images whose most probable class is Python's;
            `same_five`, the share whose first five classes include it; `difference`,
            the largest difference of a probability.
        """
        found = np.stack([answer["probabilities"] for answer in answers])
        others = np.stack([answer["probabilities"] for answer in expected])
        order = np.argsort(-found, axis=1, kind="stable")[:, :CUT]
        hits = order == others.argmax(axis=1)[:, None]
        return {
            "same": float(hits[:, 0].mean()),
            "same_five": float(hits.any(axis=1).mean()),
            "difference": float(np.abs(found - others).max()),
        }

    def passes(self, row: dict[str, Any]) -> bool:
        return bool(row["difference"] <= LARGEST_DIFFERENCE)
