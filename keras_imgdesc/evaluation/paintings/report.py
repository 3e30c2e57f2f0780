"""An evaluation of a generator as a page with pictures, and as a sheet."""

import json
from pathlib import Path

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.evaluation.generator_evaluation import GeneratorEvaluation
from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet
from keras_imgdesc.visualization.report_page import picture_item, report_page


def write_generator_report(
    evaluation: GeneratorEvaluation, folder: str | Path, columns: int = 6
) -> Path:
    """Write `index.html`, complete in itself, `sheet.png` and `generator.json`.

    Args:
        evaluation: what to show.
        folder: made if missing.
        columns: of the sheet.

    Returns:
        The page's path.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    notes = evaluation.descriptions or [""] * len(evaluation.texts)
    content = {
        "summary": evaluation.summary(),
        "texts": evaluation.texts,
        "descriptions": evaluation.descriptions,
    }
    write_atomically(folder / "generator.json", json.dumps(content, indent=1))
    sheet = draw_sheet(list(evaluation.pictures), evaluation.texts, columns=columns)
    save_sheet(sheet, folder / "sheet.png")
    items = [
        picture_item(picture, text, note)
        for picture, text, note in zip(
            evaluation.pictures, evaluation.texts, notes, strict=True
        )
    ]
    page = report_page("Painted pictures", evaluation.summary(), items)
    write_atomically(folder / "index.html", page)
    return folder / "index.html"
