"""A reader of tables of captions, such as Kaggle's Flickr8k and Flickr30k."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import MALFORMED
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.image_lists import ImageChoice
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
from keras_imgdesc.data.readers.text_files import line_ends, read_text, split_lines
from keras_imgdesc.errors import InputError

NUMBER_COLUMNS = ("comment_number", "caption_number")
_DELIMITERS = ",|;\t"
# A quoted caption may span several lines; if it spans more, its quote is unclosed.
_MAX_LINES = 10


@dataclass(frozen=True)
class TableHeader:
    """The columns that the first line of a table names.

    Args:
        delimiter: character between columns.
        names: names of the columns, in lower case.
        image: position of the image's column, from 0.
        captions: positions of the columns of captions, at least one.
        number: position of the column that numbers captions, or None.
    """

    delimiter: str
    names: tuple[str, ...]
    image: int
    captions: tuple[int, ...]
    number: int | None


def read_captions_csv(
    csv_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
    *,
    split: str | None = None,
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read a table of captions, such as Kaggle's `captions.txt`.

    The first line names the columns: `image,caption` (Flickr8k), `image_name|
    comment_number| comment` (Flickr30k of Kaggle), `raw,sentids,split,filename,img_id`
    (Flickr30k of Hugging Face), or `image,caption_0,caption_1` and so on, separated by
    commas, bars, semicolons or tabs. A caption may be quoted. A cell may hold a list of
    captions. If captions have no numbers, a repeated line is a duplicate.

    Args:
        csv_file: path of the table; may be compressed with gzip.
        images_dir: folder of the images; None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line;
            None reads all. Captions of other images in the folder are ignored.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        split: `"train"`, `"val"`, `"test"`, or several as in `"train+val"`, if the
            table has a column `split`; None reads all.
        keep_rejected: whether to keep captions of rows whose `is_rejected` or
            `is_precanned` is true.

    Returns:
        The images in the order of the list, or of the table if there is no list; with
        their split in `extra["split"]` if the table has that column.

    Raises:
        InputError: a file cannot be read, the first line does not name an image and a
            caption column, the table has no such split, no image remains, or there is a
            problem and `on_problem` is `"error"`.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_captions_csv
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     table = Path(folder, "captions.txt")
    ...     written = table.write_text('image,caption\\na.jpg,"A dog, running ."\\n')
    ...     print(read_captions_csv(table, folder)[0].captions)
    ('A dog, running .',)
    """
    collector = CaptionCollector(csv_file, images_dir, on_problem, keep_rejected)
    text = read_text(csv_file)
    lines, ends = split_lines(text), line_ends(text)
    header = parse_header(lines[0] if lines else "")
    if header is None:
        raise InputError(
            "The first line of the table must name an image and a caption column",
            f"Name them {IMAGE_NAMES[0]!r} and {CAPTION_NAMES[0]!r}",
            csv_file=collector.annotations,
            first_line=lines[0] if lines else "",
        )
    if split is not None and SPLIT_NAME not in header.names:
        raise InputError(
            f"`split` needs a column {SPLIT_NAME!r} in the table",
            "Select images with `image_list`",
            csv_file=collector.annotations,
            split=split,
            columns=header.names,
        )
    choice, splits = ImageChoice(collector, image_list), SplitChoice(collector, split)
    for number, row in _rows(lines, ends, header.delimiter):
        place = collector.place(number)
        if row is not None:
            row = _join_last(row, header)
        if row is None or len(row) != len(header.names):
            detail = "unclosed quote" if row is None else f"{len(row)} columns"
            collector.add_problem(
                MALFORMED, place, f"{detail}, expected {len(header.names)} columns"
            )
            continue
        record = dict(zip(header.names, row, strict=True))
        name = _image_of(row[header.image], collector)
        own = record.get(SPLIT_NAME)
        if not splits.take(name, own, place):
            choice.skip(name)
        elif choice.take(name, {SPLIT_NAME: own.strip()} if own else None):
            captions = [_caption_of(row[position]) for position in header.captions]
            numbered = header.number is not None and row[header.number].strip()
            collector.add_captions(
                name, captions, place, numbered or None, rejection_mark(record)
            )
    splits.finish()
    choice.finish()
    return collector.finish()


def parse_header(line: str) -> TableHeader | None:
    """Return the columns that a line names, or None if captions are not among them."""
    for delimiter in _DELIMITERS:
        cells = line.split(delimiter)
        names = tuple(cell.strip().strip('"').lower() for cell in cells)
        image, captions = image_name(names), caption_names(names)
        if image is not None and captions:
            number = next((name for name in NUMBER_COLUMNS if name in names), None)
            return TableHeader(
                delimiter,
                names,
                names.index(image),
                tuple(n for n, name in enumerate(names) if name in captions),
                None if number is None else names.index(number),
            )
    return None


def _join_last(row: list[str], header: TableHeader) -> list[str]:
    """Join the pieces of an unquoted last caption, which contains the delimiter."""
    last = len(header.names) - 1
    if header.captions == (last,) and len(row) > last + 1:
        return [*row[:last], header.delimiter.join(row[last:])]
    return row


def _image_of(cell: str, collector: CaptionCollector) -> str:
    """Return the name in a cell, without spaces around it unless the file has them."""
    name = relative_name(cell, collector.images_dir)
    if name != name.strip() and name in collector.file_names:
        return name
    return relative_name(cell.strip(), collector.images_dir)


def _caption_of(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


def _rows(
    lines: list[str], ends: list[str], delimiter: str
) -> Iterator[tuple[int, list[str] | None]]:
    """Yield line number and fields of each row after the first.

    The fields are None if a quote is unclosed; in a field of several lines, their ends
    are kept.
    """
    start = 1
    while start < len(lines):
        end = start + 1
        row = _parse(lines[start], delimiter)
        while row is None and end < min(start + _MAX_LINES, len(lines)):
            end += 1
            if '"' not in lines[end - 1]:
                continue
            try:
                text = _joined(lines[start:end], ends[start:end])
                row = _parse_strictly(text, delimiter)
            except csv.Error:
                break
        if row is None:
            # Skip this line only, not all that follow.
            yield start + 1, None
            start += 1
            continue
        if any(field.strip() for field in row):
            yield start + 1, row
        start = end


def _joined(lines: list[str], ends: list[str]) -> str:
    """Return lines with their ends, but the last without its end."""
    return "".join(map("".join, zip(lines, [*ends[: len(lines) - 1], ""])))


def _parse(line: str, delimiter: str) -> list[str] | None:
    """Return the fields of a row, None if a quote is unclosed or a field too long."""
    # In Flickr30k's file with bars, quotes in captions have no meaning.
    if '"' not in line or delimiter == "|":
        return line.split(delimiter)
    try:
        return _parse_strictly(line, delimiter)
    except csv.Error:
        pass
    try:
        # A quote within a caption is literal, unless the row spans several lines.
        return _read(line, delimiter, strict=False)
    except csv.Error:
        return None


def _parse_strictly(text: str, delimiter: str) -> list[str] | None:
    """Return the fields of a row of one or more lines, None if a quote is unclosed.

    Raises:
        csv.Error: the row has a quote where none may be, or a field is too long.
    """
    try:
        return _read(text, delimiter, strict=True)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        raise


def _read(text: str, delimiter: str, strict: bool) -> list[str]:
    reader = csv.reader(
        [text],
        delimiter=delimiter,
        # A space before a quote hides it from the parser; elsewhere it is kept.
        skipinitialspace=f'{delimiter} "' in text,
        strict=strict,
    )
    return next(reader, [])
