"""An evaluation as a page with pictures."""

import base64
import html
import io
import json
import os
from pathlib import Path

from PIL import Image

from keras_imgdesc.evaluation.caption_evaluation import CaptionEvaluation
from keras_imgdesc.images import load_image

THUMBNAIL = 224
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: left; }
ul { display: grid; gap: 1.5rem; list-style: none; padding: 0;
     grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
img { border-radius: .5rem; width: 100%; } strong { display: block; }
small { opacity: .75; }
"""


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
    _write(folder / "captions.json", json.dumps(content, indent=1))
    every = max(1, len(rows) // pictures)
    items = [
        _item(evaluation, index) for index in range(0, len(rows), every)[:pictures]
    ]
    scores = "".join(
        f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(str(v))}</td></tr>"
        for k, v in evaluation.summary().items()
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Captions</title><style>{STYLE}</style>"
        f"<h1>Captions</h1><table>{scores}</table><ul>{''.join(items)}</ul></html>"
    )
    _write(folder / "index.html", page)
    return folder / "index.html"


def _item(evaluation: CaptionEvaluation, index: int) -> str:
    example, caption = evaluation.examples[index], evaluation.captions[index]
    image = Image.fromarray(load_image(example.source))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    text, reference = html.escape(caption), html.escape(example.captions[0])
    return (
        f'<li><img alt="{text}" src="data:image/jpeg;base64,{data}">'
        f"<strong>{text}</strong><small>{reference}</small></li>"
    )


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
