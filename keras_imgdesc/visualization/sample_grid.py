"""The sheet of images that a painter's training paints after each epoch."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from keras_imgdesc.atomic_files import write_atomically

LINE = 14


def write_sample_grid(
    path: Path, texts: Sequence[str], painted: np.ndarray, real: np.ndarray
) -> None:
    """Write one row per text: the real image, a gap, and the painted images.

    Args:
        path: path of a PNG file, replaced atomically.
        texts: texts, each written above its row.
        painted: uint8 `(texts, images, size, size, 3)`.
        real: uint8 `(texts, size, size, 3)`.

    Raises:
        OSError: the file cannot be written.
    """
    rows, columns, size = painted.shape[:3]
    sheet = Image.new(
        "RGB", ((columns + 1) * (size + 2) + 6, rows * (size + LINE + 4)), "white"
    )
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(texts):
        top = row * (size + LINE + 4)
        draw.text((2, top), _cut(draw, text, sheet.width - 4), fill="black")
        sheet.paste(Image.fromarray(real[row]), (0, top + LINE))
        for column in range(columns):
            left = (column + 1) * (size + 2) + 6
            sheet.paste(Image.fromarray(painted[row, column]), (left, top + LINE))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def _cut(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    if draw.textlength(text) <= width:
        return text
    while text and draw.textlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
