"""Evaluations of several generators of the same texts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.generator_evaluation import GeneratorEvaluation
from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet


def comparison_table(evaluations: Mapping[str, GeneratorEvaluation]) -> str:
    """A Markdown table: a row for each number, a column for each generator.

    Args:
        evaluations: by the name that heads the column.
    """
    summaries = {name: e.summary() for name, e in evaluations.items()}
    keys = dict.fromkeys(key for found in summaries.values() for key in found)
    lines = ["| | " + " | ".join(summaries) + " |", "|---" * (len(summaries) + 1) + "|"]
    for key in keys:
        cells = (str(found.get(key, "")) for found in summaries.values())
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_comparison(
    evaluations: Mapping[str, GeneratorEvaluation], folder: str | Path
) -> Path:
    """Write `comparison.md`, the table, and `comparison.png`, a sheet.

    The sheet has each real picture with its text under it, and after it what the
    generators made of that text, two texts in a row.

    Args:
        evaluations: of the same collection, by name.
        folder: made if missing.

    Returns:
        The sheet's path.

    Raises:
        InputError: there is none, or they are of different texts.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = [evaluation.texts for evaluation in evaluations.values()]
    if not texts or any(other != texts[0] for other in texts):
        raise InputError(
            "Generators are compared by what they make of the same texts",
            "Evaluate each on the same collection, with the same limit",
            generators=list(evaluations),
        )
    pictures, captions = [], []
    for place, text in enumerate(texts[0]):
        first = next(iter(evaluations.values()))
        pictures.append(first.real[place])
        captions.append(text)
        for name, evaluation in evaluations.items():
            pictures.append(evaluation.pictures[place])
            captions.append(_shown(Path(name)))
    sheet = draw_sheet(pictures, captions, columns=2 * (len(evaluations) + 1))
    write_atomically(folder / "comparison.md", comparison_table(evaluations) + "\n")
    return save_sheet(sheet, folder / "comparison.png")


def _shown(preset: Path) -> str:
    # A training calls what it makes `preset`: its run tells it from another's.
    run = preset.parent.name
    return run if preset.name == "preset" and run else preset.name
