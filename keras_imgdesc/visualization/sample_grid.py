"""Pictures of an epoch on one sheet."""

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
    """Writes a row a text: the real picture, a gap, and those that were painted.

    Args:
        path: a PNG file.
        texts: written above the rows.
        painted: uint8 (texts, pictures, size, size, 3).
        real: uint8 (texts, size, size, 3).
    """
    rows, columns, size = painted.shape[:3]
    sheet = Image.new(
        "RGB", ((columns + 1) * (size + 2) + 6, rows * (size + LINE + 4)), "white"
    )
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(texts):
        top = row * (size + LINE + 4)
        draw.text((2, top), _fitting(draw, text, sheet.width - 4), fill="black")
        sheet.paste(Image.fromarray(real[row]), (0, top + LINE))
        for column in range(columns):
            left = (column + 1) * (size + 2) + 6
            sheet.paste(Image.fromarray(painted[row, column]), (left, top + LINE))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def _fitting(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    if draw.textlength(text) <= width:
        return text
    while text and draw.textlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def diversity(painted: np.ndarray) -> float:
    """Mean distance of two pictures of one text.

    Args:
        painted: uint8 (texts, pictures, size, size, 3), two pictures a text or more.

    Returns:
        The root of the mean square of the difference, with 1 for black and white.
    """
    count = painted.shape[1]
    values = painted.astype(np.float32) / 255
    first, second = np.triu_indices(count, 1)
    squares = np.square(values[:, first] - values[:, second]).mean(axis=(2, 3, 4))
    return float(np.sqrt(squares).mean())
