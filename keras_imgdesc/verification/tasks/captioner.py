"""How a captioner is verified."""

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


class CaptionerCheck(TaskCheck):
    """Describe images; float32 forms must give Python's captions, word for word."""

    task = "ImageCaptioner"
    signature = "serving_default"
    outputs = ("caption", "log_prob", "error")
    columns = (
        Column("same", "same", ">8.1%"),
        Column("log_prob", "log P +-", ">9.1e"),
        Column("bleu_4", "BLEU-4", ">6.2f", change="bleu_4_change"),
    )

    def requests(
        self, task: Any, collection: CaptionCollection, folder: Path
    ) -> list[Request]:
        """Return `image`, the path of a file, and `references`, for each image."""
        from keras_imgdesc.verification.servable_images import write_images

        paths, references = write_images(collection, folder)
        return [
            {"image": path, "references": captions}
            for path, captions in zip(paths, references, strict=True)
        ]

    def python(self, preset: str) -> Ask:
        from keras_imgdesc.captioning import ImageCaptioner

        return self.ask(ImageCaptioner.from_preset(preset))

    def lite(self, path: str, num_threads: int | None) -> Ask:
        from keras_imgdesc.lite import LiteCaptioner

        return self.ask(LiteCaptioner(path, num_threads))

    def ask(self, task: Any) -> Ask:
        def ask(request: Request) -> Answer:
            caption = task.generate(request["image"], return_details=True)
            return {"caption": caption.text, "log_prob": caption.log_prob}

        return ask

    def inputs(self, request: Request) -> dict[str, np.ndarray]:
        content = Path(request["image"]).read_bytes()
        return {"image_bytes": np.array([content], object)}

    def read(self, outputs: dict[str, np.ndarray]) -> Answer:
        return {
            "caption": outputs["caption"][0].decode(),
            "log_prob": float(outputs["log_prob"][0]),
        }

    def compare(
        self, requests: list[Request], answers: list[Answer], expected: list[Answer]
    ) -> dict[str, Any]:
        """Compare captions.

        Returns:
            `same`, the share of captions equal to Python's; `log_prob`, the largest
            difference of log P(caption | image) among equal captions; `bleu_4`, from 0
            to 100, and `bleu_4_change` from Python's.
        """
        differences = [
            abs(answer["log_prob"] - other["log_prob"])
            for answer, other in zip(answers, expected, strict=True)
            if answer["caption"] == other["caption"]
        ]
        score = _bleu_4(requests, answers)
        return {
            "same": len(differences) / len(answers),
            "log_prob": max(differences, default=0.0),
            "bleu_4": score,
            "bleu_4_change": score - _bleu_4(requests, expected),
        }

    def passes(self, row: dict[str, Any]) -> bool:
        return bool(row["same"] == 1.0)


def _bleu_4(requests: list[Request], answers: list[Answer]) -> float:
    from keras_imgdesc.evaluation.captions.bleu import bleu

    captions = [answer["caption"] for answer in answers]
    references = [request["references"] for request in requests]
    score: float = bleu(captions, references)["bleu_4"]
    return score
