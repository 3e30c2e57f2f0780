"""Web pages that report an evaluation with images."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PIL import Image

from keras_imgdesc.images import load_image
from keras_imgdesc.printable import printable

THUMBNAIL = 224
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: left; }
thead th { border-bottom: 1px solid; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll { overflow-x: auto; }
ul { display: grid; gap: 1.5rem; list-style: none; padding: 0;
     grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
img { border-radius: .5rem; width: 100%; } strong { display: block; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
small { opacity: .75; } li small { display: block; }
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
    rows = [[name, value] for name, value in summary.items()]
    return page_of(title, html_table([], rows) + image_grid(items))


def page_of(title: str, content: str) -> str:
    """Return a self-contained HTML page.

    Args:
        title: title and heading; escaped.
        content: HTML below the heading.
    """
    shown = escaped(title)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{shown}</title><style>{STYLE}</style>"
        f"<h1>{shown}</h1>{content}</html>"
    )


def escaped(value: Any) -> str:
    """Return a text as HTML that shows it, printable and on one line.

    Args:
        value: see `printable`.
    """
    return html.escape(printable(value))


def html_table(heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """Return the HTML of a table whose first column names the rows.

    Args:
        heads: headings of the columns; escaped; empty for none.
        rows: cells of each row; escaped.
    """
    head = "".join(f"<th>{escaped(cell)}</th>" for cell in heads)
    body = "".join(
        f"<tr><th>{escaped(name)}</th>"
        + "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'


def image_grid(items: Iterable[str]) -> str:
    """Return the HTML of a grid of images.

    Args:
        items: HTML of the images, as from `image_item`.
    """
    return f"<ul>{''.join(items)}</ul>"


def image_item(source: Any, text: str, note: str) -> str:
    """Return the HTML of an image with a text and a smaller note below it.

    Args:
        source: what `load_image` accepts.
        text: text below the image, also its alternative text; escaped.
        note: note below the text; escaped, may be empty.

    Raises:
        ImageError: the image cannot be read.
    """
    return captioned_item(source, text, [("", text, "")], note)


def captioned_item(
    source: Any, description: str, captions: Iterable[tuple[str, str, str]], note: str
) -> str:
    """Return the HTML of an image with several captions below it.

    Args:
        source: what `load_image` accepts.
        description: alternative text of the image; escaped.
        captions: who wrote each caption, the caption, and a number or word beside the
            writer; escaped, the first and last may be empty.
        note: note below the captions; escaped, may be empty.

    Raises:
        ImageError: the image cannot be read.
    """
    image = Image.fromarray(load_image(source))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    shown = [
        f"<p>{_small(f'{writer} {score}')}<strong>{escaped(text)}</strong></p>"
        for writer, text, score in captions
    ]
    return (
        f'<li><img alt="{escaped(description)}" '
        f'src="data:image/jpeg;base64,{data}">{"".join(shown)}{_small(note)}</li>'
    )


def _small(text: str) -> str:
    return f"<small>{escaped(text.strip())}</small>" if text.strip() else ""
