"""One model in all its forms, side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from tqdm import tqdm

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.captions.caption_metrics import bleu
from keras_imgdesc.presets.folders import find_preset
from keras_imgdesc.verification.forms import ModelForm, export_forms
from keras_imgdesc.verification.parity import FormResult
from keras_imgdesc.verification.runners.running import run_c_loader, run_worker, size_of
from keras_imgdesc.verification.servable_images import write_pictures


@dataclass(frozen=True)
class Parity:
    """What the forms of a model said of the same pictures, Python first.

    Attributes:
        results: of each form.
        references: captions of people, of each picture.
    """

    results: list[FormResult]
    references: list[list[str]]

    @property
    def is_exact(self) -> bool:
        """Whether the float32 forms gave the captions of Python, all of them."""
        return all(
            row["same"] == 1.0
            for row, result in zip(self.rows(), self.results, strict=True)
            if result.exact
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row for each form, with these columns.

        `form`; `same`, the share of captions equal to Python's; `log_prob`, the
        largest difference of log P among equal captions; `bleu_4`, and `bleu_4_change`
        from Python's; `megabytes`; `milliseconds`, the median for a picture;
        `peak_mebibytes`.
        """
        first = self.results[0]
        first_score = bleu(first.captions, self.references)["bleu_4"]
        rows = []
        for result in self.results:
            same = [
                a == b for a, b in zip(result.captions, first.captions, strict=True)
            ]
            differences = [
                abs(a - b)
                for a, b, is_same in zip(
                    result.log_probs, first.log_probs, same, strict=True
                )
                if is_same
            ]
            score = bleu(result.captions, self.references)["bleu_4"]
            row = {
                "form": result.form,
                "same": sum(same) / len(same),
                "log_prob": max(differences, default=0.0),
                "bleu_4": score,
                "bleu_4_change": score - first_score,
            }
            rows.append(row | result.costs())
        return rows

    def __str__(self) -> str:
        heads = ("form", "same", "log P +-", "BLEU-4", "MB", "ms", "peak MiB")
        lines = ["{:16} {:>8} {:>9} {:>14} {:>7} {:>7} {:>9}".format(*heads)]
        for row in self.rows():
            lines.append(
                f"{row['form']:16} {row['same']:>8.1%} {row['log_prob']:>9.1e} "
                f"{row['bleu_4']:>6.2f} ({row['bleu_4_change']:+.2f}) "
                f"{row['megabytes']:>7.1f} {row['milliseconds']:>7.1f} "
                f"{row['peak_mebibytes']:>9.0f}"
            )
        return "\n".join(lines)


def verify_exports(
    preset: str | PathLike[str],
    collection: CaptionCollection,
    *,
    representative_images: Iterable[Any] | None = None,
    num_threads: int = 2,
    progress: bool = True,
) -> Parity:
    """Export a captioner to every form, and describe the same pictures with each.

    The forms: Python, a SavedModel in TensorFlow's Python, the same in TensorFlow's C
    library (which TensorFlow Serving loads models with), `.tflite` files of float32,
    float16, dynamic int8 and full int8 in LiteRT. Each runs in a process of its own
    and is given one picture at a time. Everything is written to a temporary folder
    and removed.

    Args:
        preset: name or folder of a captioner.
        collection: pictures with references, at least two.
        representative_images: for dynamic and full int8, see `export_tflite`.
        num_threads: of LiteRT.
        progress: show a progress bar.

    Raises:
        InputError: fewer than two pictures can be read.
    """
    preset = find_preset(preset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures, references = write_pictures(collection, folder)
        forms = export_forms(
            ImageCaptioner.from_preset(preset),
            preset,
            folder,
            representative_images=representative_images,
        )
        results = [
            _run(form, pictures, num_threads)
            for form in tqdm(forms, disable=not progress, unit="form")
        ]
    return Parity(results, references)


def _run(form: ModelForm, pictures: list[str], num_threads: int) -> FormResult:
    """Describes pictures, files of these paths, with one form."""
    if form.kind == "c_loader":
        requests: list[dict[str, Any]] = [
            {"image_bytes": [Path(path).read_bytes()]} for path in pictures
        ]
        outputs = ["caption", "log_prob"]
        answer = run_c_loader(form.path, "serving_default", requests, outputs)
        answer["captions"] = [caption.decode() for caption in answer.pop("caption")]
        answer["log_probs"] = answer.pop("log_prob")
    else:
        requests = [{"picture": path} for path in pictures]
        answer = run_worker(form, "ImageCaptioner", requests, num_threads)
    return FormResult(form.name, form.exact, size=size_of(form.path), **answer)
