"""Text from outside, made safe for a terminal, a log or a report."""

from __future__ import annotations

import os
import re

# Control characters of C0 and C1, and DEL; line and paragraph separators; characters
# that change the direction of the text around them; lone surrogates, which stand for
# bytes of file names that are not UTF-8.
_UNSAFE = "\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"
_ANY = re.compile(f"[{_UNSAFE}]")
_EXCEPT_LAYOUT = re.compile(f"(?![\\t\\n])[{_UNSAFE}]")


def printable(value: object) -> str:
    r"""Return a text on one line that changes nothing around it.

    Control characters, escape sequences, line ends and separators, bidirectional
    embeddings, overrides and isolates, and lone surrogates become visible escapes, such
    as `\n`, `\x1b` or `\u202e`. All other characters of Unicode stay, backslashes
    included: the result is to be read, not to be parsed.

    Args:
        value: a text, a path, or what `str` shows of anything else.

    Returns:
        The text, which can be encoded as UTF-8.

    Example:

    >>> from keras_imgdesc.printable import printable
    >>> print(printable("café\n\x1b[2J.jpg"))
    café\n\x1b[2J.jpg
    """
    return _ANY.sub(_escape, _text(value))


def printable_lines(value: object) -> str:
    r"""Return a text as `printable` does, but keep its line feeds and tabs.

    For a text of several lines that this package has laid out. Names in it must have
    gone through `printable` before, or their line ends break the layout.

    Args:
        value: see `printable`.

    Example:

    >>> from keras_imgdesc.printable import printable_lines
    >>> print(printable_lines("one\ntwo\r\x07"))
    one
    two\r\x07
    """
    return _EXCEPT_LAYOUT.sub(_escape, _text(value))


def markdown_cell(value: object) -> str:
    r"""Return a text as `printable` does, for a cell of a Markdown table.

    Args:
        value: see `printable`.

    Example:

    >>> from keras_imgdesc.printable import markdown_cell
    >>> print(markdown_cell("a|b\n"))
    a\|b\n
    """
    return printable(value).replace("|", "\\|")


def cut(text: str, limit: int = 200) -> str:
    """Return a text, or its beginning and its length if it is long.

    Args:
        text: any text.
        limit: characters to keep.

    Example:

    >>> from keras_imgdesc.printable import cut
    >>> cut("abcdef", 3)
    'abc... (6 characters)'
    """
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def _text(value: object) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
