"""Text files, which may be damaged."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib

from keras_imgdesc.data.readers.paths import check_ordinary
from keras_imgdesc.errors import InputError

# A text becomes up to four times as large in memory; JSON even more.
MOST_BYTES = 2 << 30
GZIP_START = b"\x1f\x8b"
_LINE_END = re.compile(r"\r\n?|\n")
_UTF16_STARTS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file, keeping bytes that are not UTF-8 recognisable.

    Such bytes become lone surrogates ("surrogateescape"), which `is_utf8` finds later.
    So a damaged line does not make the file unreadable.

    Args:
        path: path of a UTF-8 file, with or without byte order mark, or of a UTF-16 file
            with one, as spreadsheets write "Unicode text"; may be compressed with gzip.

    Raises:
        InputError: the file does not exist, cannot be read, is no ordinary file, is
            too large, or is a damaged gzip file.
    """
    content = _read(path)
    if content.startswith(GZIP_START):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"The gzip file is damaged or incomplete: {error}",
                "Copy or download it again",
                path=path,
            ) from error
        _check_size(path, len(content))
    # Two damaged bytes can look like a mark, but every text has ASCII characters, such
    # as its line ends, and thus zeros in UTF-16.
    if content.startswith(_UTF16_STARTS) and b"\0" in content:
        content = content[: len(content) // 2 * 2]
        return content.decode("utf-16", "surrogatepass")
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _read(path: str | os.PathLike[str]) -> bytes:
    check_ordinary(path)
    try:
        with open(path, "rb") as file:
            _check_size(path, os.fstat(file.fileno()).st_size)
            return file.read(MOST_BYTES)
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}",
            "Check the path and the permissions of the file",
            path=path,
        ) from error


def _check_size(path: str | os.PathLike[str], size: int) -> None:
    if size > MOST_BYTES:
        raise InputError(
            f"A file of captions may have at most {MOST_BYTES:,} bytes, uncompressed",
            "Split it into several",
            path=path,
        )


def line_ends(text: str) -> list[str]:
    """Return the ends of the lines of `split_lines`; the last may have none."""
    return _LINE_END.findall(text)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text without their ends, counted as editors count them."""
    # `splitlines` would also split at form feeds and Unicode separators.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
