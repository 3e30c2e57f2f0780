"""An evaluation as a page with pictures."""

import json
from pathlib import Path

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.evaluation.captions.evaluate_captions import CaptionEvaluation
from keras_imgdesc.visualization.report_page import image_item, report_page


def write_caption_report(
    evaluation: CaptionEvaluation, folder: str | Path, pictures: int = 48
) -> Path:
    """Write `index.html`, complete in itself, and `captions.json`.

    Args:
        evaluation: what to show.
        folder: made if missing.
        pictures: how many are shown, spread evenly over the collection.

    Returns:
        The page's path.
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
    every = max(1, len(rows) // pictures)
    items = [
        _item(evaluation, index) for index in range(0, len(rows), every)[:pictures]
    ]
    page = report_page("Captions", evaluation.summary(), items)
    write_atomically(folder / "index.html", page)
    return folder / "index.html"


def _item(evaluation: CaptionEvaluation, index: int) -> str:
    example = evaluation.examples[index]
    return image_item(example.source, evaluation.captions[index], example.captions[0])
