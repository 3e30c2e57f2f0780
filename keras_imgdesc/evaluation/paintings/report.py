"""An evaluation of a painter as a web page and a contact sheet."""

import json
from pathlib import Path

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.evaluation.paintings.evaluate_paintings import PaintingEvaluation
from keras_imgdesc.visualization.contact_sheets import draw_sheet, save_sheet
from keras_imgdesc.visualization.report_page import image_item, report_page


def write_painting_report(
    evaluation: PaintingEvaluation, folder: str | Path, columns: int = 6
) -> Path:
    """Write `index.html`, a self-contained page, `sheet.png` and `generator.json`.

    Args:
        evaluation: the evaluation to show.
        folder: folder to write to, created if missing.
        columns: columns of the sheet.

    Returns:
        Path of the page.

    Raises:
        OSError: a file cannot be written.
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
    sheet = draw_sheet(list(evaluation.painted), evaluation.texts, columns=columns)
    save_sheet(sheet, folder / "sheet.png")
    items = [
        image_item(image, text, note)
        for image, text, note in zip(
            evaluation.painted, evaluation.texts, notes, strict=True
        )
    ]
    page = report_page("Painted images", evaluation.summary(), items)
    write_atomically(folder / "index.html", page)
    return folder / "index.html"
