"""The table into which `describe` writes captions."""

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_imgdesc.atomic_files import write_atomically
from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.errors import InputError

COLUMNS = ["image", "caption", "log_prob"]


class CaptionTable:
    """A table with a row for each image.

    Rows are written one by one, so a stopped command leaves those that were done.
    Names are written as they are, byte for byte: one with a comma, a quote or a line
    end stands in quotes (RFC 4180), and one with bytes that are not UTF-8 keeps them.

    Args:
        path: the CSV file.
        go_on: whether to keep the rows of a table that exists.

    Raises:
        InputError: rows are to be kept, and `describe` did not write the table; or the
            path is that of an image, a pipe or a device.
    """

    def __init__(self, path: Path, go_on: bool) -> None:
        from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES

        # A pattern of a shell stands for several paths, of which an option takes one.
        if path.name.lower().endswith(IMAGE_SUFFIXES):
            raise InputError(
                "A table of captions must not have the name of an image",
                "Name a CSV file after --csv, and put the images before it",
                path=path,
            )
        self.path = path
        is_there = path.exists()
        if is_there and not path.is_file():  # opening a pipe would block
            raise InputError(
                "A table of captions must be an ordinary file",
                "Name another file after --csv",
                path=path,
            )
        self._rows = self._read() if go_on and is_there else []
        self.images = {row[0] for row in self._rows}
        self._is_open = False

    def add(self, path: Path, caption: Any) -> None:
        """Add the row of an image."""
        if not self._is_open:
            # Also removes the row that a killed command left unfinished.
            lines = "".join(map(_line, [COLUMNS, *self._rows]))
            write_atomically(self.path, lines.encode(*_BYTES))
            self._is_open = True
        line = _line([str(path), caption.text, f"{caption.log_prob:.4f}"])
        errors = disk_errors_as_input_errors(self.path, "The table of captions")
        with errors, open(self.path, "ab") as file:
            file.write(line.encode(*_BYTES))
        self.images.add(str(path))

    def _read(self) -> list[list[str]]:
        text = self.path.read_bytes().decode(*_BYTES)
        rows: list[list[str]] = []
        with suppress(csv.Error):
            rows = list(csv.reader(io.StringIO(text, newline="")))
        if rows and not (text.endswith("\n") and _is_row(rows[-1])) and len(rows) > 1:
            rows.pop()
        if rows[:1] != [COLUMNS] or not all(map(_is_row, rows[1:])):
            raise InputError(
                f"The table must have the columns {', '.join(COLUMNS)}, as `describe` "
                "writes them",
                "Use another file, or --overwrite",
                path=self.path,
            )
        return rows[1:]


# A file name may have bytes that are not UTF-8.
_BYTES = ("utf-8", "surrogateescape")


def _line(row: Sequence[str]) -> str:
    # Python before 3.13 leaves a carriage return without the quotes that it needs.
    has_return = any("\r" in field for field in row)
    buffer = io.StringIO(newline="")
    csv.writer(
        buffer,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL,
    ).writerow(row)
    return buffer.getvalue()


def _is_row(row: Sequence[str]) -> bool:
    try:
        float(row[2])
    except (IndexError, ValueError):
        return False
    return len(row) == len(COLUMNS)
