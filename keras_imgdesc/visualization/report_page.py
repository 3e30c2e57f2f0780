"""What pages with pictures have in common."""

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
    """An HTML page, complete in itself.

    Args:
        title: of the page.
        summary: a row of the table each.
        items: of `picture_item`.
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


def picture_item(source: Any, text: str, note: str) -> str:
    """A picture with a text and a smaller note under it.

    Args:
        source: whatever `load_image` takes.
        text: also what is read out in the picture's place.
        note: may be empty.
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
