"""A reader of records in JSON Lines, such as Hugging Face's `metadata.jsonl`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import MALFORMED
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.image_lists import ImageChoice
from keras_imgdesc.data.readers.json_files import parse_entry
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.record_fields import (
    CAPTION_NAMES,
    IMAGE_NAMES,
    SPLIT_NAME,
    caption_names,
    image_name,
    rejection_mark,
)
from keras_imgdesc.data.readers.split_choice import SplitChoice
from keras_imgdesc.data.readers.text_files import read_text, split_lines


def read_captions_jsonl(
    jsonl_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
    *,
    split: str | None = None,
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read JSON Lines: one JSON object per line, with an image and its captions.

    The image is in `file_name`, `image`, `filename` or `image_name`; the captions are
    in `text`, `caption`, `captions`, `raw`, or `caption_0`, `caption_1` and so on. Each
    may be a text or a list of texts. A JSON list of such objects is read, too.

    Args:
        jsonl_file: path of the file; may be compressed with gzip.
        images_dir: folder of the images; None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line;
            None reads all. Captions of other images in the folder are ignored.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        split: `"train"`, `"val"`, `"test"`, or several as in `"train+val"`, if the
            objects have a `split`; None reads all.
        keep_rejected: whether to keep captions of objects whose `is_rejected` or
            `is_precanned` is true.

    Returns:
        The images in the order of the list, or of the file if there is no list; with
        their split, if they have one, in `extra["split"]`.

    Raises:
        InputError: a file cannot be read, no object is of the split, no image remains,
            or there is a problem and `on_problem` is `"error"`.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_captions_jsonl
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     file = Path(folder, "metadata.jsonl")
    ...     written = file.write_text('{"file_name": "a.jpg", "text": "A dog ."}')
    ...     print(read_captions_jsonl(file, folder)[0].captions)
    ('A dog .',)
    """
    collector = CaptionCollector(jsonl_file, images_dir, on_problem, keep_rejected)
    choice, splits = ImageChoice(collector, image_list), SplitChoice(collector, split)
    for entry, record in _records(jsonl_file):
        place = collector.place(entry)
        fields = _lower_keys(record)
        image, names = image_name(tuple(fields)), caption_names(tuple(fields))
        name = fields[image] if image else None
        if not isinstance(name, str) or not names:
            collector.add_problem(MALFORMED, place, _missing(record, name))
            continue
        name = relative_name(name.strip(), collector.images_dir)
        value = fields.get(SPLIT_NAME)
        own = value if isinstance(value, str) else ""
        if not splits.take(name, own, place):
            choice.skip(name)
        elif choice.take(name, {SPLIT_NAME: own} if own else None):
            captions = [fields[key] for key in names]
            mark = rejection_mark(fields)
            collector.add_captions(name, captions, place, mark=mark)
    splits.finish()
    choice.finish()
    return collector.finish()


def is_record(value: object) -> bool:
    """Return whether a value of a JSON file is an image with captions."""
    names = tuple(_lower_keys(value))
    return image_name(names) is not None and bool(caption_names(names))


def _records(path: str | os.PathLike[str]) -> Iterator[tuple[int | str, object]]:
    """Yield the number of a line, or the index in a list, and the parsed value."""
    text = read_text(path)
    if text.lstrip().startswith("["):
        content = parse_entry(text)
        if isinstance(content, list):
            for number, record in enumerate(content):
                yield f"[{number}]", record
            return
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            yield number, parse_entry(line)


def _lower_keys(record: object) -> dict[str, object]:
    if not isinstance(record, dict):
        return {}
    return {key.lower(): value for key, value in record.items()}


def _missing(record: object, name: object) -> str:
    if not isinstance(record, dict):
        return "not a JSON object"
    if not isinstance(name, str):
        return f"no text in {', '.join(map(repr, IMAGE_NAMES))}"
    return f"no {', '.join(map(repr, CAPTION_NAMES))}"
