"""Reading JSON files, whoever wrote them, as values of a stated type."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from typing import Any, TypeVar

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_types import Bounds, TypeCheck, too_deep

__all__ = ["Bounds", "check_json", "parse_json", "read_json"]

T = TypeVar("T")

# A JSON text becomes up to thirty times as large in memory.
MOST_BYTES = 16 << 20


def read_json(
    path: str | os.PathLike[str],
    kind: type[T],
    *,
    remedy: str = "Copy it again",
    most_bytes: int = MOST_BYTES,
    allow_unknown: bool = False,
    allow_not_finite: bool = False,
    error: Callable[..., InputError] = InputError,
) -> T:
    """Read a JSON file, and check that it holds what is expected.

    Args:
        path: the file, UTF-8.
        kind: the expected type: a `TypedDict`, `list[...]`, `dict[str, ...]`, a tuple
            (a list of fixed length), `str`, `int`, `float` (finite), `bool`, `None`,
            `Literal`, a union of these, `Any`; with `Annotated[..., Bounds(...)]` for a
            bounded one. A key of a `TypedDict` must be there unless it is
            `NotRequired`.
        remedy: what to do about a file that cannot be used.
        most_bytes: size of the largest file that is read.
        allow_unknown: whether objects may have keys that their `TypedDict` lacks.
        allow_not_finite: whether the file may have `NaN` and `Infinity`, which are no
            JSON but written by Python; each becomes None.
        error: what makes the error, called like `InputError`.

    Returns:
        The contents; the list of a tuple is a tuple.

    Raises:
        InputError: there is no such file, or it is no ordinary file, too large, not
            JSON, nested too deeply, or holds something else.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.errors import InputError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "counts.json")
    ...     _ = file.write_text('{"cat": "two"}')
    ...     try:
    ...         read_json(file, dict[str, int])
    ...     except InputError as problem:
    ...         print(problem.rule)
    counts.json must have an integer at `cat`
    """
    name = os.path.basename(path)

    def refuse(rule: str, **received: object) -> InputError:
        return error(f"{name} {rule}", remedy, **{"file": path, **received})

    try:
        # Opening a pipe would block.
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise refuse("must be an ordinary file")
        if found.st_size > most_bytes:
            raise refuse(f"may have at most {most_bytes:,} bytes", size=found.st_size)
        with open(path, "rb") as file:
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise refuse("must be there") from None
    except (OSError, ValueError) as problem:
        raise refuse(f"cannot be read ({problem})") from None
    return _parse(content, kind, refuse, allow_unknown, allow_not_finite)


def parse_json(
    text: str | bytes,
    kind: type[T],
    *,
    what: str = "The text",
    remedy: str = "Correct it",
    allow_unknown: bool = False,
    error: Callable[..., InputError] = InputError,
    **received: object,
) -> T:
    """Parse a JSON text, and check that it holds what is expected.

    Args:
        text: the text, or its bytes in UTF-8.
        kind, remedy, allow_unknown, error: as in `read_json`.
        what: name of the text, which begins the message.
        **received: values to name in the message, such as the file and the line.

    Returns:
        The contents; see `read_json`.

    Raises:
        InputError: the text is not JSON, nested too deeply, or holds something else.
    """

    def refuse(rule: str, **more: object) -> InputError:
        return error(f"{what} {rule}", remedy, **{**received, **more})

    return _parse(text, kind, refuse, allow_unknown)


def check_json(
    value: Any,
    kind: type[T],
    *,
    where: str = "",
    what: str = "The value",
    remedy: str = "Correct it",
    allow_unknown: bool = False,
    error: Callable[..., InputError] = InputError,
    **received: object,
) -> T:
    """Check that a value of JSON, such as a part of a file, is what is expected.

    Args:
        value: what `read_json` or `parse_json` returned, or a part of it.
        kind, remedy, allow_unknown, error: as in `read_json`.
        where: the place of the value in its file, such as `decoder.config`.
        what: name of the file or text, which begins the message.
        **received: values to name in the message.

    Returns:
        The value; the list of a tuple is a tuple.

    Raises:
        InputError: the value is something else.
    """

    def refuse(rule: str, **more: object) -> InputError:
        return error(f"{what} {rule}", remedy, **{**received, **more})

    checked: T = TypeCheck(refuse, allow_unknown)(value, kind, where)
    return checked


def _parse(
    text: str | bytes,
    kind: type[T],
    refuse: Callable[..., InputError],
    allow_unknown: bool,
    allow_not_finite: bool = False,
) -> T:
    def no_number(name: str) -> Any:
        if allow_not_finite:
            return None
        raise ValueError(f"{name} is not a number of JSON")

    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        value = json.loads(text, parse_constant=no_number)
    except RecursionError:
        raise too_deep(refuse) from None
    except ValueError as problem:
        raise refuse(f"must be valid JSON in UTF-8 ({problem})") from None
    check = TypeCheck(refuse, allow_unknown)
    check.levels(value)
    checked: T = check(value, kind, "")
    return checked
