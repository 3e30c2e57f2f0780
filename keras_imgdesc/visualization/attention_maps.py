"""Pictures of where a captioner looked."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.images import load_image

TILE = 224
TEXT_HEIGHT = 30
COLUMNS = 5
GAP = 8


def draw_attention(image: np.ndarray, caption: Any) -> Image.Image:
    """Draw a picture, and again for each word with the word's attention on it.

    Bright is where the model looked. Each map is scaled by its own largest value; the
    percentage beside the word is the attention that went to the picture at all, the
    rest went to the visual sentinel, what the model already knew.

    Args:
        image: uint8 RGB `(height, width, 3)`.
        caption: a `Caption` with attention.

    Returns:
        A grid of tiles, the picture first, then a tile for each word.
    """
    words = caption.words
    square = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.BILINEAR)
    tiles = [(square, "")]
    for word, attention in zip(words, caption.attention, strict=False):
        share = round(100 * float(attention.sum()))
        tiles.append((overlay(square, attention), f"{word}  {share} %"))
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = Image.new(
        "RGB",
        (columns * (TILE + GAP) + GAP, rows * (TILE + TEXT_HEIGHT + GAP) + GAP),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=17)
    for number, (tile, text) in enumerate(tiles):
        row, column = divmod(number, columns)
        left = GAP + column * (TILE + GAP)
        top = GAP + row * (TILE + TEXT_HEIGHT + GAP)
        sheet.paste(tile, (left, top))
        draw.text((left + 2, top + TILE + 5), text, fill="black", font=font)
    return sheet


def overlay(square: Image.Image, attention: np.ndarray) -> Image.Image:
    """A picture darkened where attention is low.

    Args:
        square: RGB.
        attention: float `(rows, columns)`, at least 0.
    """
    peak = float(attention.max())
    scaled = attention / peak if peak > 0 else np.zeros_like(attention)
    heat = Image.fromarray((255 * scaled).astype(np.uint8)).resize(
        square.size, Image.Resampling.BICUBIC
    )
    share = np.asarray(heat, np.float32)[..., None] / 255
    pixels = np.asarray(square, np.float32)
    # Grey and dim where it did not look; full colour with a warm tint where it did.
    grey = pixels.mean(axis=-1, keepdims=True) * 0.35 + 20
    warm = pixels * 0.8 + np.array([255, 170, 40]) * 0.2
    return Image.fromarray(
        np.clip(grey + (warm - grey) * share, 0, 255).astype("uint8")
    )


def attention_names(sources: Iterable[str | Path]) -> list[str]:
    """File names for drawings of pictures that go into one folder.

    Args:
        sources: paths of the pictures.

    Returns:
        For each its name without suffix and `.attention.png`; the second and later
        pictures of one name, from other folders or of other formats, get a number.

    Example:

    >>> from keras_imgdesc.visualization.attention_maps import attention_names
    >>> attention_names(["a/cat.jpg", "b/cat.jpg"])
    ['cat.attention.png', 'cat-2.attention.png']
    """
    names: list[str] = []
    taken: set[str] = set()
    for source in sources:
        stem = Path(source).stem
        candidates = (f"{stem}-{number}" for number in count(2))
        # Some file systems take "Cat" and "cat" for one name.
        while stem.casefold() in taken:
            stem = next(candidates)
        taken.add(stem.casefold())
        names.append(f"{stem}.attention.png")
    return names


def save_attention(source: str | Path, caption: Any, path: str | Path) -> None:
    """Draw a described picture's attention into a file, whole or not at all.

    Args:
        source: path of the picture.
        caption: a `Caption` with attention.
        path: of a PNG, replaced if it is there; its folder is made if missing.

    Raises:
        ImageError: the picture cannot be read.
        OSError: the file cannot be written.
    """
    drawing = draw_attention(load_image(source), caption)
    with atomic_path(path) as partial:
        drawing.save(partial, format="PNG")
