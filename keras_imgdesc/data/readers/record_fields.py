"""The names that columns of tables and keys of records have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

IMAGE_NAMES = ("image", "image_name", "file_name", "filename")
CAPTION_NAMES = ("caption", "comment", "text", "raw", "captions", "sentences")
# Marks of VizWiz: spam, and captions such as "Quality issues are too severe".
REJECTION_NAMES = ("is_rejected", "is_precanned")
SPLIT_NAME = "split"
_NUMBERED = re.compile(r"(caption|comment|text|raw|sentence)[ _-]?\d+")
_TRUE = ("true", "1", "1.0", "yes")


@lru_cache
def image_name(names: tuple[str, ...]) -> str | None:
    """Return which of some names, in lower case, holds the name of the image."""
    return next((name for name in IMAGE_NAMES if name in names), None)


@lru_cache
def caption_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of some names, in lower case, hold captions, in their order.

    They are the first of `CAPTION_NAMES` and its numbered forms, such as `caption_1`.
    """
    plain = next((name for name in CAPTION_NAMES if name in names), None)
    found = []
    for name in names:
        numbered = _NUMBERED.fullmatch(name)
        if name == plain or (numbered and (plain is None or numbered[1] == plain)):
            found.append(name)
    return tuple(found)


def rejection_mark(record: Mapping[str, object]) -> str | None:
    """Return the mark by which a record says not to use its captions, or None.

    Args:
        record: values by name; a mark is `true`, 1 or such a word.
    """
    for name in REJECTION_NAMES:
        value = record.get(name)
        # The value of a stranger's record may be nested as deeply as Python allows.
        is_plain = isinstance(value, str | int | float)
        if is_plain and str(value).strip().lower() in _TRUE:
            return name
    return None
