"""Contact sheets: images in a grid, each with a caption."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import load_image
from keras_imgdesc.printable import printable

GAP = 8
FONT_SIZE = 14
LINE = 18
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def draw_sheet(
    images: Sequence[np.ndarray | Image.Image | str | Path],
    captions: Sequence[str] | None = None,
    *,
    columns: int = 8,
    tile: int = 128,
    lines: int = 3,
    title: str = "",
) -> Image.Image:
    """Draw images in rows, with their captions below them.

    Args:
        images: what `load_image` accepts, such as uint8 RGB `(height, width, 3)` or
            paths. Small images are enlarged without smoothing, so that their pixels
            stay visible.
        captions: one per image, wrapped to the width of the tile and cut after `lines`
            lines; None draws the images alone.
        columns: images per row; fewer if there are fewer images.
        tile: side in pixels of the square that each image is fitted into.
        lines: lines per caption.
        title: a line above the images; empty for none.

    Returns:
        RGB.

    Raises:
        ImageError: an image cannot be read.
        InputError: there are no images, the numbers of images and captions differ, or
            a size is below 1.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.visualization.contact_sheets import draw_sheet
    >>> draw_sheet(np.zeros((3, 64, 64, 3), "uint8"), ["one", "two", "three"]).size
    (416, 162)
    """
    if not len(images):
        raise InputError(
            "A sheet needs at least one image", "Pass one or more images", images=0
        )
    if captions is not None and len(captions) != len(images):
        raise InputError(
            "Each image needs one caption",
            "Pass one caption per image, or captions=None",
            images=len(images),
            captions=len(captions),
        )
    for name, value in (("columns", columns), ("tile", tile), ("lines", lines)):
        if value < 1:
            raise InputError(
                f"`{name}` must be at least 1",
                "Use for example columns=8, tile=128 and lines=3",
                **{name: value},
            )
    font = ImageFont.load_default(size=FONT_SIZE)
    texts = [wrap_text(c, tile, font, lines) for c in captions or []]
    columns = min(columns, len(images))
    tiles = [_fit(image, tile) for image in images]
    rows = [
        range(i, min(i + columns, len(tiles))) for i in range(0, len(tiles), columns)
    ]
    # The longest caption of a row decides its height.
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
        draw.text((GAP, GAP), printable(title), fill="black", font=font)
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
    """Save a sheet atomically.

    Args:
        sheet: an image of `draw_sheet`.
        path: path of a PNG, JPEG or WebP file, chosen by the suffix; replaced if it
            exists. Its folder is created if missing.

    Returns:
        The path.

    Raises:
        InputError: the suffix is unknown.
        OSError: the file cannot be written.
    """
    path = Path(path)
    check_sheet_path(path)
    with atomic_path(path) as partial:
        sheet.save(partial, format=_FORMATS[path.suffix.lower()])
    return path


def check_sheet_path(path: Path) -> None:
    """Check that `save_sheet` can write a path, before an image is computed.

    Args:
        path: path of the sheet.

    Raises:
        InputError: the suffix is unknown.
    """
    if path.suffix.lower() not in _FORMATS:
        raise InputError(
            "The name of a sheet must end in the suffix of an image format",
            f"Use one of {list(_FORMATS)}",
            path=path,
        )


def wrap_text(text: str, width: int, font, lines: int) -> list[str]:
    """Break a text into lines of limited width.

    Args:
        text: words separated by white space; see `printable` for other characters.
        width: width of a line in pixels.
        font: a font of Pillow.
        lines: maximum number of lines; the last ends in "..." if words are omitted.

    Returns:
        At least one line. A word wider than a line is cut.
    """
    found = [""]
    for word in map(printable, text.split()):
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


def _fit(source: np.ndarray | Image.Image | str | Path, tile: int) -> Image.Image:
    image = Image.fromarray(load_image(source))
    scale = tile / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return image.resize(size, method)  # type: ignore[arg-type]
