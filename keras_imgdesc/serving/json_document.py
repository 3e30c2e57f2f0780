"""Reading the JSON of a request."""

from __future__ import annotations

import json
from typing import Any

from keras_imgdesc.serving.rest_error import RestError, invalid

# A body of brackets alone would take thirty times its size in memory.
MOST_VALUES = 8_000_000
MOST_LISTS = 2_000_000
_LONGEST = 200


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse the body of a request, which must be a JSON object in UTF-8.

    `NaN`, `Infinity` and `-Infinity` are numbers, as in TensorFlow Serving.

    Args:
        body: the body.

    Raises:
        RestError: it is something else, or has more than `MOST_VALUES` values or
            `MOST_LISTS` lists and objects.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    for characters, most, name in (
        ((b",",), MOST_VALUES, "values"),
        ((b"[", b"{"), MOST_LISTS, "lists and objects"),
    ):
        if sum(map(body.count, characters)) > most:
            raise RestError(413, f"A request may have at most {most:,} {name}")
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise invalid(
            "JSON Parse error: ", error.msg, " at offset: ", error.pos
        ) from None
    except RecursionError:
        raise invalid("JSON Parse error: The document is nested too deeply") from None
    except ValueError as error:  # not UTF-8, or a number of thousands of digits
        raise invalid("JSON Parse error: ", error) from None
    if not isinstance(document, dict):
        raise invalid("JSON Value: ", shown(document), " Is not object")
    return document


def type_name(value: Any) -> str:
    """Return what TensorFlow Serving calls the type of a JSON value."""
    if value is None or isinstance(value, bool):
        return "Null" if value is None else str(value)
    for kind, name in ((dict, "Object"), (list, "Array"), (str, "String")):
        if isinstance(value, kind):
            return name
    return "Number"


def shown(value: Any) -> str:
    """Return a JSON value for an error message; a long one is cut."""
    if isinstance(value, list | dict):
        # Not all of it is written: it may be large, and nested deeply.
        names = list(value) if isinstance(value, dict) else []
        inside = ", ".join(json.dumps(str(name)) for name in names[:20])
        text = f"{{{inside}}}" if names else ("[...]" if value else "[]")
        if isinstance(value, dict) and not names:
            text = "{}"
    else:
        text = json.dumps(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
