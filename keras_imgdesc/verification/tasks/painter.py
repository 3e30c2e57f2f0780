"""One painter in all its forms, side by side."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.held_out_texts import chosen_texts
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.presets.folders import find_preset
from keras_imgdesc.verification.forms import ModelForm, export_forms
from keras_imgdesc.verification.parity import PaintedForm
from keras_imgdesc.verification.runners.running import run_c_loader, run_worker, size_of

# Sums in another order may round to the next grey level.
LARGEST_DIFFERENCE = 1


@dataclass(frozen=True)
class PainterParity:
    """Pictures of the same texts and seeds in every form, Python first.

    Attributes:
        results: of each form.
    """

    results: list[PaintedForm]

    @property
    def is_exact(self) -> bool:
        """Whether the float32 forms gave the pictures of Python, but for rounding."""
        return all(
            row["largest"] <= LARGEST_DIFFERENCE
            for row, result in zip(self.rows(), self.results, strict=True)
            if result.exact
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row for each form, with these columns.

        `form`; `same`, the share of pictures equal to Python's; `largest` and `mean`,
        the absolute difference of a pixel in grey levels; `psnr`, the peak
        signal-to-noise ratio over all pictures in decibels, infinite where all are
        equal; `megabytes`; `milliseconds`, the median for a picture;
        `peak_mebibytes`.
        """
        first = self.results[0].pictures.astype(np.float64)
        rows = []
        for result in self.results:
            differences = np.abs(result.pictures - first)
            error = float(np.square(differences).mean())
            row = {
                "form": result.form,
                "same": float((differences.max(axis=(1, 2, 3)) == 0).mean()),
                "largest": int(differences.max()),
                "mean": float(differences.mean()),
                "psnr": 10 * np.log10(255**2 / error) if error else float("inf"),
            }
            rows.append(row | result.costs())
        return rows

    def __str__(self) -> str:
        heads = ("form", "same", "max +-", "mean +-", "PSNR", "MB", "ms", "peak MiB")
        lines = ["{:16} {:>8} {:>7} {:>8} {:>6} {:>7} {:>7} {:>9}".format(*heads)]
        for row in self.rows():
            lines.append(
                f"{row['form']:16} {row['same']:>8.1%} {row['largest']:>7} "
                f"{row['mean']:>8.3f} {row['psnr']:>6.1f} "
                f"{row['megabytes']:>7.1f} {row['milliseconds']:>7.1f} "
                f"{row['peak_mebibytes']:>9.0f}"
            )
        return "\n".join(lines)


def verify_painter(
    preset: str | PathLike[str],
    collection: CaptionCollection,
    *,
    representative_texts: Iterable[str] | None = None,
    num_threads: int = 2,
    progress: bool = True,
) -> PainterParity:
    """Export a painter to every form, and paint the same texts and seeds with each.

    The forms, and how they are run, are those of `verify_exports`. A caption of each
    picture is painted, each with a seed of its own; the pictures are not looked at.

    Args:
        preset: name or folder of a painter.
        collection: captions, of at least two pictures.
        representative_texts: for full int8, see `export_tflite`.
        num_threads: of LiteRT.
        progress: show a progress bar.

    Raises:
        InputError: there are fewer than two texts, or the painter knows no word of one.
    """
    preset = find_preset(preset)
    texts = chosen_texts(collection)
    if len(texts) < 2:
        raise InputError(
            "Parity is checked on at least two texts", "Give more", texts=len(texts)
        )
    painter = TextToImage.from_preset(preset)
    painter.check_words(texts)
    with tempfile.TemporaryDirectory() as name:
        forms = export_forms(
            painter, preset, Path(name), representative_texts=representative_texts
        )
        results = [
            _run(form, texts, num_threads)
            for form in tqdm(forms, disable=not progress, unit="form")
        ]
    return PainterParity(results)


def _run(form: ModelForm, texts: list[str], num_threads: int) -> PaintedForm:
    """Paints texts with one form, the number of a text being its seed."""
    if form.kind == "c_loader":
        one = np.int32(1)
        requests: list[dict[str, Any]] = [
            {"text": [text.encode()], "seed": np.int64(seed), "num_images": one}
            for seed, text in enumerate(texts)
        ]
        answer = run_c_loader(form.path, "paint", requests, ["image_bytes"])
        files = answer.pop("image_bytes")
    else:
        requests = [{"text": text, "seed": seed} for seed, text in enumerate(texts)]
        answer = run_worker(form, "TextToImage", requests, num_threads)
        files = [base64.b64decode(picture) for picture in answer.pop("pictures")]
    pictures = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
    return PaintedForm(
        form.name, form.exact, size=size_of(form.path), pictures=pictures, **answer
    )
