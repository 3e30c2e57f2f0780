"""An evaluation of a painter as a web page and a contact sheet."""

import io
import json
from pathlib import Path

from keras_imgdesc.atomic_files import write_together
from keras_imgdesc.evaluation.paintings.evaluate_paintings import PaintingEvaluation
from keras_imgdesc.visualization.contact_sheets import draw_sheet
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
    notes = evaluation.descriptions or [""] * len(evaluation.texts)
    content = {
        "summary": evaluation.summary(),
        "texts": evaluation.texts,
        "descriptions": evaluation.descriptions,
    }
    sheet = io.BytesIO()
    draw_sheet(list(evaluation.painted), evaluation.texts, columns=columns).save(
        sheet, "PNG"
    )
    items = [
        image_item(image, text, note)
        for image, text, note in zip(
            evaluation.painted, evaluation.texts, notes, strict=True
        )
    ]
    page = report_page("Painted images", evaluation.summary(), items)
    write_together(
        folder,
        {
            "generator.json": json.dumps(content, indent=1),
            "sheet.png": sheet.getvalue(),
            "index.html": page,
        },
    )
    return folder / "index.html"
