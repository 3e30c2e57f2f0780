"""Captions as a table: Kaggle's files of Flickr8k and Flickr30k, and their like."""

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
# A quoted caption may go over several lines; more than this is a quote left open.
_MOST_LINES = 10


@dataclass(frozen=True)
class TableHeader:
    """What the first line of a table says.

    Args:
        delimiter: between two columns.
        columns: how many there are.
        image, caption: where they are, from 0.
        number: where the number of a caption is, or `None`.
    """

    delimiter: str
    columns: int
    image: int
    caption: int
    number: int | None


def read_captions_csv(
    csv_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str],
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Reads a table with a caption a line, such as Kaggle's `captions.txt`.

    The first line names the columns: `image,caption` (Flickr8k), or
    `image_name| comment_number| comment` (Flickr30k), with comma, bar, semicolon or
    tab between them. A caption may be quoted. Where captions have no numbers, a line
    that stands there twice is a duplicate.

    Args:
        csv_file: the table.
        images_dir: the folder of the pictures.
        image_list: a file with the names of the pictures wanted, one a line; all
            without it. Captions of other pictures of the folder are passed over.
        on_problem: `"skip"` leaves out what has a problem and notes it in
            `problems`; `"error"` raises.

    Returns:
        The pictures in the order of the list, or of the captions without one.

    Raises:
        InputError: a file cannot be read, the first line does not name an image and
            a caption, no picture is left, or there is a problem and `on_problem` is
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
            f"Call them {IMAGE_COLUMNS[0]!r} and {CAPTION_COLUMNS[0]!r}",
            csv_file=collector.annotations,
            first_line=lines[0] if lines else "",
        )
    choice = ImageChoice(collector, image_list)
    for number, row in _rows(lines, header.delimiter):
        place = collector.place(number)
        if row is not None and header.caption == header.columns - 1 < len(row):
            # Commas in a caption that was not quoted.
            caption = header.delimiter.join(row[header.caption :])
            row = [*row[: header.caption], caption]
        if row is None or len(row) != header.columns:
            detail = "a quote is left open" if row is None else f"{len(row)} columns"
            collector.add_problem(
                MALFORMED, place, f"{detail}, {header.columns} are due"
            )
            continue
        name, caption = row[header.image].strip(), row[header.caption].strip()
        if choice.take(name):
            own = caption if header.number is None else row[header.number].strip()
            # An empty caption is that, not a repetition.
            caption_id = (name, own) if caption else None
            collector.add_caption(name, caption, place, caption_id)
    choice.finish()
    return collector.finish()


def parse_header(line: str) -> TableHeader | None:
    """What the first line of a table says, or `None` if it is none of captions."""
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
    """Line number and fields of each row but the first; no fields if left open."""
    # Flickr30k's file with bars has quotes in its captions that mean nothing.
    quoting = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
    start = 1
    while start < len(lines):
        end = start + 1
        row: list[str] | None = None
        while row is None and end <= min(start + _MOST_LINES, len(lines)):
            row = _parse("\n".join(lines[start:end]), delimiter, quoting)
            end += 1
        if row is None:
            # Only this line is lost, not all that follow.
            yield start + 1, None
            start += 1
            continue
        if any(field.strip() for field in row):
            yield start + 1, row
        start = end - 1


def _parse(text: str, delimiter: str, quoting: int) -> list[str] | None:
    """Fields of a row of one line or several, or `None` if a quote is still open."""
    # A quote amid a caption is its own, unless the row only holds together with it.
    strictness = (True,) if "\n" in text else (True, False)
    for is_strict in strictness:
        reader = csv.reader(
            io.StringIO(text, newline="\n"),
            delimiter=delimiter,
            quoting=quoting,  # type: ignore[arg-type]
            # A blank before a quote hides it; in a caption it is kept.
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
