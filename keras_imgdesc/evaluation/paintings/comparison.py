"""Evaluations of several painters side by side."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from keras_imgdesc.atomic_files import write_together
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.paintings.evaluate_paintings import PaintingEvaluation
from keras_imgdesc.printable import markdown_cell
from keras_imgdesc.visualization.contact_sheets import draw_sheet


def comparison_table(evaluations: Mapping[str, PaintingEvaluation]) -> str:
    """Return a Markdown table with a row per number and a column per painter.

    Args:
        evaluations: evaluations by the heading of their column.
    """
    summaries = {name: e.summary() for name, e in evaluations.items()}
    keys = dict.fromkeys(key for found in summaries.values() for key in found)
    heads = " | ".join(map(markdown_cell, summaries))
    lines = [f"| | {heads} |", "|---" * (len(summaries) + 1) + "|"]
    for key in keys:
        cells = (markdown_cell(found.get(key, "")) for found in summaries.values())
        lines.append(f"| {markdown_cell(key)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_comparison(
    evaluations: Mapping[str, PaintingEvaluation], folder: str | Path
) -> Path:
    """Write `comparison.md`, the table, and `comparison.png`, a contact sheet.

    The sheet shows each real image with its text, followed by what each painter made
    of that text, two texts per row.

    Args:
        evaluations: evaluations of one collection, by name or path of the preset.
        folder: folder to write to, created if missing.

    Returns:
        Path of the sheet.

    Raises:
        InputError: there is no evaluation, or their texts differ.
        OSError: a file cannot be written.
    """
    folder = Path(folder)
    texts = [evaluation.texts for evaluation in evaluations.values()]
    if not texts or any(other != texts[0] for other in texts):
        raise InputError(
            "Painters are compared by their images of the same texts",
            "Evaluate each on the same collection with the same limit",
            painters=list(evaluations),
        )
    images, captions = [], []
    for place, text in enumerate(texts[0]):
        first = next(iter(evaluations.values()))
        images.append(first.real[place])
        captions.append(text)
        for name, evaluation in evaluations.items():
            images.append(evaluation.painted[place])
            captions.append(_short_name(Path(name)))
    sheet = draw_sheet(images, captions, columns=2 * (len(evaluations) + 1))
    image = io.BytesIO()
    sheet.save(image, "PNG")
    table = comparison_table(evaluations) + "\n"
    write_together(folder, {"comparison.md": table, "comparison.png": image.getvalue()})
    return folder / "comparison.png"


def _short_name(preset: Path) -> str:
    # Every training names its result "preset"; the run's name tells them apart.
    run = preset.parent.name
    return run if preset.name == "preset" and run else preset.name
