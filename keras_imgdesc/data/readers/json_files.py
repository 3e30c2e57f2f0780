"""Annotations in JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from keras_imgdesc.data.readers.text_files import read_text
from keras_imgdesc.errors import InputError


def read_json(path: str | os.PathLike[str], *keys: str) -> dict[str, Any]:
    """Reads a JSON object with a list under each of some keys.

    Args:
        path: the file. Bytes that are not UTF-8 spoil their own text alone.
        *keys: that must be there, each with a list of objects.

    Returns:
        The object.

    Raises:
        InputError: the file cannot be read, is no JSON, or lacks a list.
    """
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The file must hold JSON, but does not: {error}",
            "It may be cut off: copy or download it again",
            path=path,
        ) from error
    for key in keys:
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            found = sorted(content) if isinstance(content, dict) else type(content)
            raise InputError(
                f"The JSON must be an object with a list {key!r}",
                "Check that it is the file of captions",
                path=path,
                found=found,
            )
    return content if isinstance(content, dict) else {}
