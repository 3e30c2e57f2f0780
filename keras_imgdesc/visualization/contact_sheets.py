"""Contact sheets: pictures in a grid, each with words under it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import load_image

GAP = 8
FONT_SIZE = 14
LINE = 18
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def draw_sheet(
    pictures: Sequence[np.ndarray | Image.Image | str | Path],
    captions: Sequence[str] | None = None,
    *,
    columns: int = 8,
    tile: int = 128,
    lines: int = 3,
    title: str = "",
) -> Image.Image:
    """Draw pictures in rows, with their captions under them.

    Args:
        pictures: whatever `load_image` takes, such as uint8 RGB `(height, width, 3)` or
            paths. Small ones are enlarged without smoothing, so that pixels are seen.
        captions: one for each picture, wrapped to its width and cut after `lines`
            lines; None means pictures alone.
        columns: pictures in a row.
        tile: side of the square that each picture is fitted into, in pixels.
        lines: of a caption.
        title: a line above all.

    Returns:
        RGB. As a sheet has no more columns than pictures, few make a small one.

    Raises:
        ImageError: a picture cannot be read.
        InputError: there are no pictures, another number of captions, or a number
            below 1.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.visualization.contact_sheets import draw_sheet
    >>> draw_sheet(np.zeros((3, 64, 64, 3), "uint8"), ["one", "two", "three"]).size
    (416, 162)
    """
    if not len(pictures):
        raise InputError("A sheet must have a picture", "Give one", pictures=0)
    if captions is not None and len(captions) != len(pictures):
        raise InputError(
            "There must be a caption for each picture",
            "Give lists of the same length",
            pictures=len(pictures),
            captions=len(captions),
        )
    for name, value in (("columns", columns), ("tile", tile), ("lines", lines)):
        if value < 1:
            raise InputError(f"`{name}` must be at least 1", "Try 8", **{name: value})
    font = ImageFont.load_default(size=FONT_SIZE)
    texts = [wrap_text(c, tile, font, lines) for c in captions or []]
    columns = min(columns, len(pictures))
    tiles = [_fit(picture, tile) for picture in pictures]
    rows = [
        range(i, min(i + columns, len(tiles))) for i in range(0, len(tiles), columns)
    ]
    # A row is as high as its longest caption.
    heights = [
        tile + GAP + LINE * max((len(texts[i]) for i in row), default=0)
        if texts
        else tile + GAP
        for row in rows
    ]
    top = GAP + (LINE + GAP if title else 0)
    sheet = Image.new(
        "RGB", (columns * (tile + GAP) + GAP, top + sum(heights)), "white"
    )
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((GAP, GAP), title, fill="black", font=font)
    for row, height in zip(rows, heights, strict=True):
        for column, index in enumerate(row):
            left = GAP + column * (tile + GAP)
            drawn = tiles[index]
            offset = (tile - drawn.width) // 2, (tile - drawn.height) // 2
            sheet.paste(drawn, (left + offset[0], top + offset[1]))
            if texts:
                for number, line in enumerate(texts[index]):
                    y = top + tile + 1 + LINE * number
                    draw.text((left, y), line, fill="black", font=font)
        top += height
    return sheet


def save_sheet(sheet: Image.Image, path: str | Path) -> Path:
    """Save a sheet, whole or not at all.

    Args:
        sheet: of `draw_sheet`.
        path: of a PNG, JPEG or WebP, by its suffix; replaced if it is there. Its
            folder is made if missing.

    Returns:
        The path.

    Raises:
        InputError: another suffix.
        OSError: the file cannot be written.
    """
    path = Path(path)
    check_sheet_path(path)
    with atomic_path(path) as partial:
        sheet.save(partial, format=_FORMATS[path.suffix.lower()])
    return path


def check_sheet_path(path: Path) -> None:
    """Refuses what `save_sheet` would, before the work for it starts.

    Raises:
        InputError: the suffix is of no kind of picture.
    """
    if path.suffix.lower() not in _FORMATS:
        raise InputError(
            "A sheet is saved as a picture", f"Use one of {list(_FORMATS)}", path=path
        )


def wrap_text(text: str, width: int, font, lines: int) -> list[str]:
    """Break a text into lines that fit.

    Args:
        text: words, divided by white space.
        width: of a line in pixels.
        font: of Pillow.
        lines: at most so many; the last ends in "..." where more would follow.

    Returns:
        At least one line; a word wider than a line is cut.
    """
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and font.getlength(longer) > width:
            found.append(word)
        else:
            found[-1] = longer
    shown = found[:lines]
    is_cut = len(found) > lines
    for index, line in enumerate(shown):
        end = "..." if is_cut and index == lines - 1 else ""
        while len(line) > 1 and font.getlength(line + end) > width:
            line, end = line[:-1], "..."
        shown[index] = line.rstrip() + end if end else line
    return shown


def _fit(picture: np.ndarray | Image.Image | str | Path, tile: int) -> Image.Image:
    image = Image.fromarray(load_image(picture))
    scale = tile / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    way = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return image.resize(size, way)  # type: ignore[arg-type]
