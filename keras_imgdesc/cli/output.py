"""What commands print.

Every command prints through these functions, so that a name from a disk or a word from
a preset changes nothing on the terminal and breaks no line.
"""

import json
import math
from typing import Any

import click

from keras_imgdesc.printable import printable, printable_lines


def say(line: object, *, err: bool = False) -> None:
    """Print one line.

    Args:
        line: what to print; see `printable`.
        err: whether to print on standard error.
    """
    click.echo(printable(line), err=err)


def say_lines(text: object, *, err: bool = False) -> None:
    """Print a text of several lines, whose parts are printable.

    Args:
        text: what to print; see `printable_lines`.
        err: whether to print on standard error.
    """
    click.echo(printable_lines(text), err=err)


def say_json(value: Any, *, err: bool = False, indent: int | None = None) -> None:
    """Print a value as JSON in ASCII: one line, unless it is indented.

    A file name with bytes that are not UTF-8 has a lone surrogate for each, written as
    an escape such as `\\udce9`; Python reads it back as the same name. A number that
    JSON lacks, such as NaN, becomes null.

    Args:
        value: what `json.dumps` takes.
        err: whether to print on standard error.
        indent: spaces per level; None for one line.
    """
    click.echo(json.dumps(_finite(value), indent=indent, allow_nan=False), err=err)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
