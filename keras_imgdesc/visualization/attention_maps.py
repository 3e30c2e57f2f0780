"""Drawings of the attention behind each word of a caption."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_imgdesc.atomic_files import atomic_path
from keras_imgdesc.images import load_image
from keras_imgdesc.printable import printable

TILE = 224
TEXT_HEIGHT = 30
COLUMNS = 5
GAP = 8


def draw_attention(image: np.ndarray, caption: Any) -> Image.Image:
    """Draw an image, followed by one copy per word that shows the word's attention.

    Regions with high attention are bright. Each map is scaled by its own maximum. The
    percentage beside a word is its attention to the image; the rest went to the visual
    sentinel, which stands for what the decoder already knew.

    Args:
        image: uint8 RGB `(height, width, 3)`.
        caption: a `Caption` with attention.

    Returns:
        RGB: a grid of tiles of 224 x 224 pixels, the image first, with a label under
        each map.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.caption import Caption
    >>> from keras_imgdesc.visualization.attention_maps import draw_attention
    >>> attention = np.full((2, 7, 7), 1 / 49, "float32")
    >>> caption = Caption("a dog", -0.5, [4, 5], [-0.2, -0.3], attention)
    >>> draw_attention(np.zeros((48, 64, 3), "uint8"), caption).size
    (704, 270)
    """
    words = caption.words
    square = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.BILINEAR)
    tiles = [(square, "")]
    for word, attention in zip(words, caption.attention, strict=False):
        share = round(100 * float(attention.sum()))
        tiles.append((overlay(square, attention), f"{printable(word)}  {share} %"))
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
    """Return an image darkened where attention is low.

    Args:
        square: RGB image.
        attention: float `(rows, columns)`, at least 0; stretched over the image.
    """
    peak = float(attention.max())
    scaled = attention / peak if peak > 0 else np.zeros_like(attention)
    heat = Image.fromarray((255 * scaled).astype(np.uint8)).resize(
        square.size, Image.Resampling.BICUBIC
    )
    share = np.asarray(heat, np.float32)[..., None] / 255
    pixels = np.asarray(square, np.float32)
    # Grey and dim at low attention, full colour with a warm tint at high attention.
    grey = pixels.mean(axis=-1, keepdims=True) * 0.35 + 20
    warm = pixels * 0.8 + np.array([255, 170, 40]) * 0.2
    return Image.fromarray(
        np.clip(grey + (warm - grey) * share, 0, 255).astype("uint8")
    )


def attention_names(sources: Iterable[str | Path]) -> list[str]:
    """Return unique file names for drawings that go into one folder.

    Args:
        sources: paths of the images.

    Returns:
        One name per image: its stem and `.attention.png`. From the second image with
        the same stem on, such as one from another folder, the stem gets a number.

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
        # Some file systems do not distinguish "Cat" from "cat".
        while stem.casefold() in taken:
            stem = next(candidates)
        taken.add(stem.casefold())
        names.append(f"{stem}.attention.png")
    return names


def save_attention(source: str | Path, caption: Any, path: str | Path) -> None:
    """Save the drawing of a caption's attention, atomically.

    Args:
        source: path of the captioned image.
        caption: a `Caption` with attention.
        path: path of a PNG file, replaced if it exists; its folder is created if
            missing.

    Raises:
        ImageError: the image cannot be read.
        OSError: the file cannot be written.
    """
    drawing = draw_attention(load_image(source), caption)
    with atomic_path(path) as partial:
        drawing.save(partial, format="PNG")
