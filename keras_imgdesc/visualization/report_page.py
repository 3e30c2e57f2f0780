"""Web pages that report an evaluation with images."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image

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


def report_page(title: str, summary: Mapping[str, Any], items: Iterable[str]) -> str:
    """Return a self-contained HTML page with a table and a grid of images.

    Args:
        title: title of the page.
        summary: rows of the table, by name; escaped.
        items: HTML of the images, as from `image_item`.

    Example:

    >>> from keras_imgdesc.visualization.report_page import report_page
    >>> "<th>bleu_4</th><td>21.5</td>" in report_page("Captions", {"bleu_4": 21.5}, [])
    True
    """
    scores = "".join(
        f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(str(v))}</td></tr>"
        for k, v in summary.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><table>{scores}</table>"
        f"<ul>{''.join(items)}</ul></html>"
    )


def image_item(source: Any, text: str, note: str) -> str:
    """Return the HTML of an image with a text and a smaller note below it.

    Args:
        source: what `load_image` accepts.
        text: text below the image, also its alternative text; escaped.
        note: note below the text; escaped, may be empty.

    Raises:
        ImageError: the image cannot be read.
    """
    image = Image.fromarray(load_image(source))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    shown, small = html.escape(text), html.escape(note)
    return (
        f'<li><img alt="{shown}" src="data:image/jpeg;base64,{data}">'
        f"<strong>{shown}</strong><small>{small}</small></li>"
    )
