"""Lists of captions in one cell of a table or one field of a record."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping

from keras_imgdesc.data.readers.json_files import parse_entry

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
# The lists of Python and NumPy, as pandas writes them into tables.
_PYTHON_LIST = re.compile(rf"\[\s*(?:(?:{_QUOTED})[\s,]*)*\]", re.DOTALL)
_PYTHON_TEXT = re.compile(_QUOTED, re.DOTALL)
_LIST_START = re.compile(r"""\[\s*["'{]|\{\s*"(?:[^"\\]|\\.)*"\s*:""", re.DOTALL)
# Keys of an object that stands for one caption.
_TEXT_KEYS = ("raw", "caption", "text", "sentence", "comment")


def is_list(text: str) -> bool:
    """Return whether a text is a written list or object, complete or cut off.

    A caption may still start with a bracket: `[Two dogs]` is not a list.
    """
    text = text.strip()
    if not text.startswith(("[", "{")):
        return False
    return _LIST_START.match(text) is not None or isinstance(
        parse_entry(text), list | dict
    )


def captions_in(value: object) -> list[object] | None:
    """Return the captions in a cell or field, which may be a list of captions.

    Args:
        value: a text, the text of a list in JSON or as Python and NumPy print it, or a
            list whose items are texts or objects such as `{"raw": "A dog ."}`.

    Returns:
        The captions, unchecked; None if the value is a list that cannot be read.

    Example:

    >>> from keras_imgdesc.data.readers.caption_lists import captions_in
    >>> captions_in("A dog .")
    ['A dog .']
    >>> captions_in('["A dog .", "It runs ."]')
    ['A dog .', 'It runs .']
    """
    if isinstance(value, str) and is_list(value):
        value = _parse_list(value.strip())
        if value is None:
            return None
    if isinstance(value, list):
        return [_text_of(item) for item in value]
    return [value]


def _text_of(item: object) -> object:
    if isinstance(item, Mapping):
        return next((item[key] for key in _TEXT_KEYS if key in item), None)
    return item


def _parse_list(text: str) -> list[object] | None:
    parsed = parse_entry(text)
    if isinstance(parsed, list):
        return parsed
    if _PYTHON_LIST.fullmatch(text) is None:
        return None
    found: list[object] = []
    for quoted in _PYTHON_TEXT.findall(text):
        if "\\" not in quoted and "\n" not in quoted:
            found.append(quoted[1:-1])
            continue
        try:
            with warnings.catch_warnings():
                # Python warns of an unknown escape such as "\d".
                warnings.simplefilter("ignore")
                found.append(ast.literal_eval(quoted))
        except (ValueError, SyntaxError):
            return None
    return found
