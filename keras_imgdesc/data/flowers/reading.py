"""A reader of Oxford-102, with derived captions."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.flowers.derived_text import derive_captions
from keras_imgdesc.data.flowers.petal_colours import petal_colours
from keras_imgdesc.data.readers.caption_checks import (
    MALFORMED,
    MISSING_IMAGE,
    is_utf8,
)
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.data.readers.text_files import read_text
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image, resize_image
from keras_imgdesc.images.resizing import check_image_size

SPLITS = ("train", "valid", "test")
BROKEN_IMAGE = "broken image"
_MAX_DIGITS = 9
_COLUMNS = ("image", "label", "official_split")


@dataclass(frozen=True)
class _Flower:
    place: str
    image: str
    label: int
    name: str


def read_flowers(
    folder: str | os.PathLike[str],
    split: str = "train",
    image_size: int | None = None,
    limit: int | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read images of Oxford-102, with derived captions.

    Oxford-102 has no captions. Each image gets five or six, made from the name of its
    kind and the colours measured in it (see `petal_colours`), the same each time. Say
    so wherever you report numbers: they are about derived text.

    Args:
        folder: folder with `labels.csv` (columns `image`, `label` from 1, `name`,
            `official_split`) and the images in `jpg/`. If there is no column `name`,
            `cat_to_name.json` must hold the names by label.
        split: `"train"` (1,020 images), `"valid"` or `"validation"` (1,020), `"test"`
            (6,149), several joined by `"+"`, or `"all"`.
        image_size: side in pixels of the square that images are resized to, after they
            are cropped to their central square; None keeps their resolution.
        limit: number of images, from the start of the split; None reads all.
        on_problem: `"skip"` omits entries with a problem and lists them in `problems`;
            `"error"` raises.

    Returns:
        The images, held as uint8 `(size, size, 3)`, in the order of the table. `extra`
        has `label` (from 1), `name`, `colours`, and `text`, which is `"derived"`.

    Raises:
        InputError: the folder or the table is missing or has another format, the split
            is unknown, no image remains, or there is a problem and `on_problem` is
            `"error"`.

    Reference:
        Nilsback, Zisserman, "Automated flower classification over a large number of
        classes", ICVGIP 2008.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from keras_imgdesc.data.flowers import read_flowers
    >>> folder = tempfile.TemporaryDirectory()
    >>> Path(folder.name, "jpg").mkdir()
    >>> image = Image.fromarray(np.full((20, 30, 3), (230, 30, 30), "uint8"))
    >>> image.save(Path(folder.name, "jpg", "a.jpg"))
    >>> rows = "image,label,name,official_split\\na.jpg,1,rose,train\\n"
    >>> written = Path(folder.name, "labels.csv").write_text(rows)
    >>> flowers = read_flowers(folder.name)
    >>> flowers[0].captions[0], flowers[0].image.shape
    ('a red rose', (20, 20, 3))
    >>> folder.cleanup()
    """
    splits = _splits(split)
    if image_size is not None:
        check_image_size(image_size)
    if limit is not None and limit < 1:
        raise InputError(
            "`limit` must be at least 1", "Omit it to read all images", limit=limit
        )
    folder = Path(folder)
    table = folder / "labels.csv"
    text = read_text(table)
    collector = CaptionCollector(table, folder / "jpg", on_problem)
    flowers = list(_rows(text, folder, splits, collector))[:limit]
    images: dict[str, np.ndarray] = {}
    present = []
    for flower in flowers:
        if collector.has_file(flower.image):
            present.append(flower)
        else:
            collector.add_problem(MISSING_IMAGE, flower.image)

    def load(flower: _Flower) -> tuple[np.ndarray, tuple[str, ...]] | ImageError:
        try:
            image = _central_square(load_image(folder / "jpg" / flower.image))
        except ImageError as error:
            return error
        # Measured before resizing, so that the captions do not depend on the size.
        colours = petal_colours(image)
        return image if image_size is None else resize_image(image, image_size), colours

    with ThreadPoolExecutor(2, thread_name_prefix="read_flowers") as pool:
        for flower, found in zip(present, pool.map(load, present), strict=True):
            if isinstance(found, ImageError):
                collector.add_problem(BROKEN_IMAGE, flower.image, str(found))
                continue
            image, colours = found
            extra = {
                "label": flower.label,
                "name": flower.name,
                "colours": colours,
                "text": "derived",
            }
            if collector.add_image(flower.image, flower.image, extra):
                images[flower.image] = image
                captions = list(derive_captions(flower.name, colours))
                collector.add_captions(flower.image, [captions], flower.place)
    collection = collector.finish()
    examples = [replace(e, image=images[e.image_id]) for e in collection]
    return CaptionCollection(examples, collection.problems)


def _splits(split: str) -> tuple[str, ...]:
    names = SPLITS if split == "all" else tuple(split.split("+"))
    names = tuple("valid" if name == "validation" else name for name in names)
    if not set(names) <= set(SPLITS):
        raise InputError(
            "The split of the flowers must be a known one",
            f"Use one of {', '.join(SPLITS)}, several as in 'train+test', or 'all'",
            split=split,
        )
    return names


def _rows(
    text: str, folder: Path, splits: tuple[str, ...], collector: CaptionCollector
) -> Iterator[_Flower]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"labels.csv must have the columns {', '.join(_COLUMNS)}",
            "Name the columns in its first line",
            table=collector.annotations,
            missing=missing,
        )
    names = {} if "name" in (reader.fieldnames or ()) else _names(folder)
    for row in _whole_rows(reader, collector):
        place = collector.place(reader.line_num)
        image, label = row["image"] or "", (row["label"] or "").strip()
        name = (row.get("name") or names.get(label) or "").strip()
        is_label = label.isdecimal() and len(label) <= _MAX_DIGITS
        if not is_label or not name or not is_utf8(name + image):
            collector.add_problem(MALFORMED, place, "no image, label or name")
        elif row["official_split"] in splits:
            yield _Flower(place, image, int(label), name)
        elif row["official_split"] not in SPLITS:
            collector.add_problem(MALFORMED, place, f"split {row['official_split']!r}")


def _whole_rows(
    reader: csv.DictReader, collector: CaptionCollector
) -> Iterator[dict[str, str]]:
    """Yield the rows up to one that the parser refuses, which is a problem."""
    try:
        yield from reader
    except csv.Error as error:
        place = collector.place(reader.line_num)
        collector.add_problem(MALFORMED, place, f"{error}; not read any further")


def _names(folder: Path) -> dict[str, str]:
    names = read_json(folder / "cat_to_name.json")
    return {label: name for label, name in names.items() if isinstance(name, str)}


def _central_square(image: np.ndarray) -> np.ndarray:
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return np.ascontiguousarray(image[top : top + side, left : left + side])
