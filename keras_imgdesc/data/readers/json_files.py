"""Annotations in JSON files."""

from __future__ import annotations

import json
import os
from typing import Any

from keras_imgdesc.data.readers.text_files import read_text
from keras_imgdesc.errors import InputError


def parse_file(path: str | os.PathLike[str], text: str) -> Any:
    """Return the value of a JSON file.

    Args:
        path: path of the file, for the error.
        text: its text.

    Raises:
        InputError: the text is not JSON, or nests too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The file must be valid JSON: {error}",
            "If it is incomplete, copy or download it again",
            path=path,
        ) from error


def parse_entry(text: str) -> object:
    """Return the value of a line or cell of JSON; None if it is none."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def read_json(path: str | os.PathLike[str], *keys: str) -> dict[str, Any]:
    """Read a JSON object and check that it has a list under each of some keys.

    Args:
        path: path of the file. Bytes that are not UTF-8 affect only their own text.
        *keys: keys that must hold lists.

    Returns:
        The object; empty for JSON of another type if no key is required.

    Raises:
        InputError: the file cannot be read, is not JSON, or lacks a list.
    """
    content = parse_file(path, read_text(path))
    for key in keys:
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            found = sorted(content) if isinstance(content, dict) else type(content)
            raise InputError(
                f"The JSON must be an object with a list {key!r}",
                "Check that this is the file of captions",
                path=path,
                found=found,
            )
    return content if isinstance(content, dict) else {}
