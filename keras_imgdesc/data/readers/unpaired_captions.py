"""Captions without images."""

from __future__ import annotations

import logging
from pathlib import Path

from keras_imgdesc.data.readers.caption_checks import is_utf8
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable

LOGGER = logging.getLogger(__name__)


def read_unpaired_captions(path: str | Path) -> list[str]:
    """Read captions that have no images.

    Lines that are empty or not UTF-8 are skipped, and their number is logged.

    Args:
        path: text file, or gzip file of one, with one caption per line, after the name
            of its image and a tab if there is a tab.

    Raises:
        InputError: the file cannot be read or has no caption.

    Example:

    >>> import tempfile, pathlib
    >>> from keras_imgdesc.data.readers.unpaired_captions import read_unpaired_captions
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "captions.txt"
    >>> _ = path.write_text("1.jpg\\tA dog runs.\\nA cat.\\n")
    >>> read_unpaired_captions(path)
    ['A dog runs.', 'A cat.']
    """
    path = Path(path)
    rows = split_lines(read_text(path))
    lines = [line.rpartition("\t")[2].strip() for line in rows]
    captions = [line for line in lines if line and is_utf8(line)]
    if not captions:
        raise InputError(
            "The file must have a caption",
            "Write one caption per line",
            file=path,
            lines=len(lines),
        )
    if len(captions) < len(lines):
        LOGGER.warning(
            "%s: skipped %d of %d lines, which are empty or not UTF-8",
            printable(path),
            len(lines) - len(captions),
            len(lines),
        )
    return captions
