"""Captions without images."""

from __future__ import annotations

import gzip
import logging
import zlib
from pathlib import Path

from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError

LOGGER = logging.getLogger(__name__)


def read_unpaired_captions(path: str | Path) -> list[str]:
    """Read captions that have no images.

    Lines that are empty or not UTF-8 are skipped, and their number is logged.

    Args:
        path: text file, or gzip file of one (`.gz`), with one caption per line, after
            the name of its image and a tab if there is a tab.

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
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"The file must be readable and complete: {error}",
                "Check the path, or copy the file again",
                file=path,
            ) from error
        text = content.decode("utf-8", "surrogateescape")
    else:
        text = read_text(path)
    lines = [line.rpartition("\t")[2].strip() for line in split_lines(text)]
    captions = [line for line in lines if line and _is_utf8(line)]
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
            path,
            len(lines) - len(captions),
            len(lines),
        )
    return captions


def _is_utf8(line: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in line)
