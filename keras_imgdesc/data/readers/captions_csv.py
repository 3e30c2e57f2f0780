"""A reader of tables of captions, such as Kaggle's Flickr8k and Flickr30k."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_collector import MALFORMED, CaptionCollector
from keras_imgdesc.data.readers.image_lists import ImageChoice
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError

IMAGE_COLUMNS = ("image", "image_name", "file_name", "filename")
CAPTION_COLUMNS = ("caption", "comment", "text", "raw")
NUMBER_COLUMNS = ("comment_number", "caption_number")
_DELIMITERS = ",|;\t"
# A quoted caption may span several lines; if it spans more, its quote is unclosed.
_MAX_LINES = 10


@dataclass(frozen=True)
class TableHeader:
    """The columns that the first line of a table names.

    Args:
        delimiter: character between columns.
        columns: number of columns.
        image: position of the image's column, from 0.
        caption: position of the caption's column.
        number: position of the column that numbers captions, or None.
    """

    delimiter: str
    columns: int
    image: int
    caption: int
    number: int | None


def read_captions_csv(
    csv_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read a table with one caption per line, such as Kaggle's `captions.txt`.

    The first line names the columns: `image,caption` (Flickr8k), or
    `image_name| comment_number| comment` (Flickr30k), separated by commas, bars,
    semicolons or tabs. A caption may be quoted. If captions have no numbers, a repeated
    line is a duplicate.

    Args:
        csv_file: path of the table.
        images_dir: folder of the images; None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line;
            None reads all. Captions of other images in the folder are ignored.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

    Returns:
        The images in the order of the list, or of the table if there is no list.

    Raises:
        InputError: a file cannot be read, the first line does not name an image and a
            caption column, no image remains, or there is a problem and `on_problem` is
            `"error"`.

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
    collector = CaptionCollector(csv_file, images_dir, on_problem)
    lines = split_lines(read_text(csv_file))
    header = parse_header(lines[0] if lines else "")
    if header is None:
        raise InputError(
            "The first line of the table must name an image and a caption column",
            f"Name them {IMAGE_COLUMNS[0]!r} and {CAPTION_COLUMNS[0]!r}",
            csv_file=collector.annotations,
            first_line=lines[0] if lines else "",
        )
    choice = ImageChoice(collector, image_list)
    for number, row in _rows(lines, header.delimiter):
        place = collector.place(number)
        if row is not None and header.caption == header.columns - 1 < len(row):
            # An unquoted caption may contain the delimiter.
            caption = header.delimiter.join(row[header.caption :])
            row = [*row[: header.caption], caption]
        if row is None or len(row) != header.columns:
            detail = "unclosed quote" if row is None else f"{len(row)} columns"
            collector.add_problem(
                MALFORMED, place, f"{detail}, expected {header.columns} columns"
            )
            continue
        name, caption = row[header.image].strip(), row[header.caption].strip()
        if choice.take(name):
            own = caption if header.number is None else row[header.number].strip()
            # An empty caption is reported as such, not as a duplicate.
            caption_id = (name, own) if caption else None
            collector.add_caption(name, caption, place, caption_id)
    choice.finish()
    return collector.finish()


def parse_header(line: str) -> TableHeader | None:
    """Return the columns that a line names, or None if captions are not among them."""
    for delimiter in _DELIMITERS:
        names = [name.strip().strip('"').lower() for name in line.split(delimiter)]
        image = _position(names, IMAGE_COLUMNS)
        caption = _position(names, CAPTION_COLUMNS)
        if image is not None and caption is not None:
            number = _position(names, NUMBER_COLUMNS)
            return TableHeader(delimiter, len(names), image, caption, number)
    return None


def _position(names: list[str], options: tuple[str, ...]) -> int | None:
    return next((names.index(option) for option in options if option in names), None)


def _rows(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield line number and fields of each row after the first.

    The fields are None if a quote is unclosed.
    """
    # In Flickr30k's file with bars, quotes in captions have no meaning.
    quoting = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
    start = 1
    while start < len(lines):
        end = start + 1
        row: list[str] | None = None
        while row is None and end <= min(start + _MAX_LINES, len(lines)):
            row = _parse("\n".join(lines[start:end]), delimiter, quoting)
            end += 1
        if row is None:
            # Skip this line only, not all that follow.
            yield start + 1, None
            start += 1
            continue
        if any(field.strip() for field in row):
            yield start + 1, row
        start = end - 1


def _parse(text: str, delimiter: str, quoting: int) -> list[str] | None:
    """Return the fields of a row of one or more lines, None if a quote is unclosed."""
    # A quote within a caption is literal, unless the row spans several lines.
    strictness = (True,) if "\n" in text else (True, False)
    for is_strict in strictness:
        reader = csv.reader(
            io.StringIO(text, newline="\n"),
            delimiter=delimiter,
            quoting=quoting,  # type: ignore[arg-type]
            # A space before a quote hides it from the parser; elsewhere it is kept.
            skipinitialspace=quoting != csv.QUOTE_NONE and f'{delimiter} "' in text,
            strict=is_strict,
        )
        try:
            rows = list(reader)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
        else:
            return rows[0] if rows else []
    return None
