"""An evaluation of captions as a web page."""

import json
from pathlib import Path

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.evaluation.captions.evaluate_captions import CaptionEvaluation
from keras_imgdesc.visualization.report_page import image_item, report_page


def write_caption_report(
    evaluation: CaptionEvaluation, folder: str | Path, num_images: int = 48
) -> Path:
    """Write `index.html`, a self-contained page, and `captions.json`.

    Args:
        evaluation: the evaluation to show.
        folder: folder to write to, created if missing.
        num_images: number of images on the page, evenly spaced over the collection.

    Returns:
        Path of the page.

    Raises:
        OSError: a file cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "image_id": example.image_id,
            "caption": caption,
            "references": list(example.captions),
        }
        for example, caption in zip(
            evaluation.examples, evaluation.captions, strict=True
        )
    ]
    content = {"summary": evaluation.summary(), "captions": rows}
    write_atomically(folder / "captions.json", json.dumps(content, indent=1))
    step = max(1, len(rows) // num_images)
    items = [
        _item(evaluation, index) for index in range(0, len(rows), step)[:num_images]
    ]
    page = report_page("Captions", evaluation.summary(), items)
    write_atomically(folder / "index.html", page)
    return folder / "index.html"


def _item(evaluation: CaptionEvaluation, index: int) -> str:
    example = evaluation.examples[index]
    return image_item(example.source, evaluation.captions[index], example.captions[0])
