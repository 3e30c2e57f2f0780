"""How a painter is verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_imgdesc.errors import InputError
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

# Sums that are added in another order may round to the next grey level.
LARGEST_DIFFERENCE = 1


class PainterCheck(TaskCheck):
    """Paint texts; float32 forms must paint Python's pixels, up to rounding."""

    task = "TextToImage"
    signature = "paint"
    outputs = ("pixels", "error")
    columns = (
        Column("same", "same", ">8.1%"),
        Column("largest", "max +-", ">7"),
        Column("mean", "mean +-", ">8.3f"),
        Column("psnr", "PSNR", ">6.1f"),
    )

    def requests(
        self, task: Any, collection: CaptionCollection, folder: Path
    ) -> list[Request]:
        """Return a `text` and its `seed`, for each image of the collection."""
        from keras_imgdesc.evaluation.paintings.held_out_texts import select_texts

        texts = select_texts(collection)
        if len(texts) < 2:
            raise InputError(
                "Verification needs at least two texts",
                "Give a collection with more captioned images",
                texts=len(texts),
            )
        task.check_words(texts)
        return [{"text": text, "seed": seed} for seed, text in enumerate(texts)]

    def python(self, preset: str) -> Ask:
        from keras_imgdesc.painting import TextToImage

        return self.ask(TextToImage.from_preset(preset))

    def lite(self, path: str, num_threads: int | None) -> Ask:
        from keras_imgdesc.lite import LitePainter

        return self.ask(LitePainter(path, num_threads))

    def ask(self, task: Any) -> Ask:
        def answer(request: Request) -> Answer:
            with accepted_unknown_words():
                painted = task.generate(request["text"], seed=request["seed"])
            return {"image": painted[0]}

        return answer

    def inputs(self, request: Request) -> dict[str, np.ndarray]:
        return {
            "text": np.array([request["text"].encode()], object),
            "seed": np.array(request["seed"], np.int64),
            "num_images": np.array(1, np.int32),
        }

    def read(self, outputs: dict[str, np.ndarray]) -> Answer:
        return {"image": outputs["pixels"][0, 0]}

    def compare(
        self, requests: list[Request], answers: list[Answer], expected: list[Answer]
    ) -> dict[str, Any]:
        """Compare images.

        Returns:
            `same`, the share of images equal to Python's; `largest` and `mean`, the
            absolute difference of a pixel in grey levels; `psnr`, the peak
            signal-to-noise ratio over all images in decibels, infinite where all are
            equal.
        """
        images = np.stack([answer["image"] for answer in answers])
        others = np.stack([answer["image"] for answer in expected])
        differences = np.abs(images - others.astype(np.float64))
        error = float(np.square(differences).mean())
        return {
            "same": float((differences.max(axis=(1, 2, 3)) == 0).mean()),
            "largest": int(differences.max()),
            "mean": float(differences.mean()),
            "psnr": 10 * np.log10(255**2 / error) if error else float("inf"),
        }

    def passes(self, row: dict[str, Any]) -> bool:
        return bool(row["largest"] <= LARGEST_DIFFERENCE)
