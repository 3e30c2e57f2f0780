"""Text files of other people."""

from __future__ import annotations

import os
from pathlib import Path

from keras_imgdesc.errors import InputError


def read_text(path: str | os.PathLike[str]) -> str:
    """Reads a text file, keeping bytes that are not UTF-8 recognisable.

    Such bytes become lone surrogates ("surrogateescape"), so that one bad line does
    not take the file with it: `is_utf8` finds them later, line by line.

    Args:
        path: a UTF-8 file, with or without byte order mark.

    Returns:
        Its text.

    Raises:
        InputError: the file does not exist or cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}", "Check the path", path=path
        ) from error
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def split_lines(text: str) -> list[str]:
    """Lines without their ends, as editors count them."""
    # Not `splitlines`, which also breaks at form feeds and Unicode separators.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
