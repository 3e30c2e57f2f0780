"""How a matcher is verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_imgdesc.text.checks import accepted_unknown_words
from keras_imgdesc.verification.tasks.task_check import (
    Answer,
    Ask,
    Column,
    Request,
    TaskCheck,
)

if TYPE_CHECKING:
    from keras_imgdesc.data.caption_collection import CaptionCollection

# Largest allowed difference of f(I, D) in float32: sums are added in another order.
LARGEST_DIFFERENCE = 0.01


class MatcherCheck(TaskCheck):
    """Score images with texts; float32 forms must give Python's f(I, D)."""

    task = "ImageTextMatcher"
    signature = "score"
    outputs = ("score", "error")
    columns = (
        Column("same_image", "same image", ">10.1%"),
        Column("same_text", "same text", ">10.1%"),
        Column("difference", "f +-", ">8.1e"),
    )

    def requests(
        self, task: Any, collection: CaptionCollection, folder: Path
    ) -> list[Request]:
        """Return `image`, the path of a file, and all `texts`, for each image."""
        from keras_imgdesc.verification.servable_images import write_images

        paths, captions = write_images(collection, folder)
        texts = [several[0] for several in captions]
        task.check_words(texts)
        return [{"image": path, "texts": texts} for path in paths]

    def python(self, preset: str) -> Ask:
        from keras_imgdesc.matching import ImageTextMatcher

        return self.ask(ImageTextMatcher.from_preset(preset))

    def lite(self, path: str, num_threads: int | None) -> Ask:
        from keras_imgdesc.lite import LiteMatcher

        return self.ask(LiteMatcher(path, num_threads))

    def ask(self, task: Any) -> Ask:
        def answer(request: Request) -> Answer:
            with accepted_unknown_words():
                return _scores(task.score([request["image"]], request["texts"]))

        return answer

    def inputs(self, request: Request) -> dict[str, np.ndarray]:
        content = Path(request["image"]).read_bytes()
        texts = [text.encode() for text in request["texts"]]
        return {
            "image_bytes": np.array([content], object),
            "text": np.array(texts, object),
        }

    def read(self, outputs: dict[str, np.ndarray]) -> Answer:
        return _scores(outputs["score"])

    def compare(
        self, requests: list[Request], answers: list[Answer], expected: list[Answer]
    ) -> dict[str, Any]:
        """Compare scores.

        Returns:
            `same_image`, the share of texts whose best image is Python's; `same_text`,
            the share of images whose best text is Python's; `difference`, the largest
            difference of f(I, D).
        """
        scores = np.stack([answer["scores"] for answer in answers])
        others = np.stack([answer["scores"] for answer in expected])
        return {
            "same_image": float((scores.argmax(0) == others.argmax(0)).mean()),
            "same_text": float((scores.argmax(1) == others.argmax(1)).mean()),
            "difference": float(np.abs(scores - others).max()),
        }

    def passes(self, row: dict[str, Any]) -> bool:
        return bool(row["difference"] <= LARGEST_DIFFERENCE)


def _scores(scores: Any) -> Answer:
    """Return f of one image, float32 (texts,)."""
    return {"scores": np.asarray(scores, np.float32)[0]}
