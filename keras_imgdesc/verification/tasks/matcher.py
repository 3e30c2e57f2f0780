"""One matcher in all its forms, side by side."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.lite import LiteMatcher
from keras_imgdesc.matching import ImageTextMatcher
from keras_imgdesc.presets.folders import find_preset
from keras_imgdesc.verification.forms import export_forms
from keras_imgdesc.verification.runners.running import run_c_loader, size_of
from keras_imgdesc.verification.servable_images import write_pictures

# f(I, D) of float32 may differ by so much: sums are added in another order.
LARGEST_DIFFERENCE = 0.01


@dataclass(frozen=True)
class MatcherForm:
    """What one form of a matcher gave.

    Attributes:
        form: its name, as `"tflite int8"`.
        exact: whether it must give the scores of Python.
        scores: f(I, D), float32 (images, texts).
        seconds: for each picture, or for all together where there is one number.
        size: bytes on disk.
    """

    form: str
    exact: bool
    scores: np.ndarray
    seconds: list[float]
    size: int


@dataclass(frozen=True)
class MatcherParity:
    """f(I, D) of the same pictures and texts in every form, Python first.

    Attributes:
        results: of each form.
    """

    results: list[MatcherForm]

    @property
    def is_exact(self) -> bool:
        """Whether the float32 forms gave the scores of Python."""
        return all(
            row["difference"] <= LARGEST_DIFFERENCE
            for row, result in zip(self.rows(), self.results, strict=True)
            if result.exact
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row for each form, with these columns.

        `form`; `same_picture` and `same_text`, the share of texts (pictures) whose
        best picture (text) is Python's; `difference`, the largest of f; `megabytes`;
        `milliseconds` for a picture with all texts.
        """
        first = self.results[0].scores
        return [
            {
                "form": r.form,
                "same_picture": float((r.scores.argmax(0) == first.argmax(0)).mean()),
                "same_text": float((r.scores.argmax(1) == first.argmax(1)).mean()),
                "difference": float(np.abs(r.scores - first).max()),
                "megabytes": r.size / 1e6,
                "milliseconds": 1e3 * statistics.median(r.seconds),
            }
            for r in self.results
        ]

    def __str__(self) -> str:
        heads = ("form", "same picture", "same text", "f +-", "MB", "ms")
        lines = ["{:16} {:>13} {:>10} {:>8} {:>7} {:>8}".format(*heads)]
        for row in self.rows():
            lines.append(
                f"{row['form']:16} {row['same_picture']:>13.1%} "
                f"{row['same_text']:>10.1%} {row['difference']:>8.1e} "
                f"{row['megabytes']:>7.1f} {row['milliseconds']:>8.1f}"
            )
        return "\n".join(lines)


def verify_matcher(
    preset: str | PathLike[str],
    collection: CaptionCollection,
    *,
    representative_images: Any = None,
    num_threads: int = 2,
    progress: bool = True,
) -> MatcherParity:
    """Export a matcher to every form, and score the same pictures and texts with each.

    The forms are those of `verify_exports`; the texts are the first captions of the
    pictures.

    Args:
        preset: name or folder of a matcher.
        collection: pictures with captions, at least two.
        representative_images: for full int8, see `export_tflite`.
        num_threads: of LiteRT.
        progress: show a progress bar.

    Raises:
        InputError: fewer than two pictures can be read.
    """
    preset = find_preset(preset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths, captions = write_pictures(collection, folder)
        texts = [row[0] for row in captions]
        matcher = ImageTextMatcher.from_preset(preset)
        forms = export_forms(
            matcher, preset, folder, representative_images=representative_images
        )
        run: dict[str, Callable[[Path], Any]] = {
            "python": lambda _: _python(matcher, paths, texts),
            "saved_model": lambda path: _saved_model(path, paths, texts),
            "c_loader": lambda path: _c_loader(path, paths, texts),
            "tflite": lambda path: _lite(path, paths, texts, num_threads),
        }
        results = []
        for form in tqdm(forms, disable=not progress, unit="form"):
            scores, seconds = run[form.kind](form.path)
            size = size_of(form.path)
            results.append(
                MatcherForm(form.name, form.exact, np.asarray(scores), seconds, size)
            )
    return MatcherParity(results)


def _timed(score: Callable[[str], Any], paths: list[str]) -> tuple[Any, list[float]]:
    """Scores of each picture alone; the first pays for what is compiled once."""
    score(paths[0])
    rows, seconds = [], []
    for path in paths:
        start = time.perf_counter()
        rows.append(np.asarray(score(path))[0])
        seconds.append(time.perf_counter() - start)
    return np.stack(rows), seconds


def _python(matcher: Any, paths: list[str], texts: list[str]) -> Any:
    return _timed(lambda path: matcher.score(path, texts), paths)


def _saved_model(model: Path, paths: list[str], texts: list[str]) -> Any:
    loaded = tf.saved_model.load(str(model))
    serve = loaded.signatures["score"]

    def score(path: str) -> Any:
        content = tf.constant([Path(path).read_bytes()])
        return serve(image_bytes=content, text=tf.constant(texts))["score"]

    return _timed(score, paths)


def _c_loader(model: Path, paths: list[str], texts: list[str]) -> Any:
    contents = [Path(path).read_bytes() for path in paths]
    given = {"image_bytes": contents, "text": [text.encode() for text in texts]}
    answer = run_c_loader(model, "score", [given], ["score"])
    return answer["score"], [s / len(paths) for s in answer["seconds"]]


def _lite(path: Path, paths: list[str], texts: list[str], num_threads: int) -> Any:
    matcher = LiteMatcher(path, num_threads)
    return _timed(lambda picture: matcher.score([picture], texts), paths)
