"""What the commands that read images do with damaged ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from keras_imgdesc.cli.output import say
from keras_imgdesc.errors import DamagedImageWarning

_KEY = "keras_imgdesc.damaged_images"
# Images that are listed; a folder may have thousands.
_MOST_LISTED = 20


def damaged_images_option(command: Callable) -> Callable:
    """Add `--refuse-damaged`; without it, list damaged images after the command.

    A command with `as_json` says it in its rows instead, see `is_damaged`.
    """

    @click.option(
        "--refuse-damaged",
        is_flag=True,
        help="Count an image as failed if data of it are missing. Without this option, "
        "what there is of it is used, and it is listed.",
    )
    @wraps(command)
    def wrapped(*args: Any, refuse_damaged: bool, **kwargs: Any) -> Any:
        with _watching(refuse_damaged) as found:
            click.get_current_context().meta[_KEY] = found
            code = command(*args, **kwargs)
        if not kwargs.get("as_json"):
            _list(found)
        return code

    return wrapped


def is_damaged(path: object) -> bool:
    """Return whether an image of the current command was found to be damaged."""
    found: dict[str, str] = click.get_current_context().meta.get(_KEY, {})
    return str(path) in found


@contextmanager
def _watching(refuse: bool) -> Iterator[dict[str, str]]:
    """Yield the damaged images that are read, with what is missing of each."""
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        # Where the warning is an error, the image is refused like any bad one.
        warnings.simplefilter("error" if refuse else "always", DamagedImageWarning)
        show = warnings.showwarning

        def note(message: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(message, DamagedImageWarning):
                found.setdefault(str(message.image), message.damage)
            else:
                show(message, *args, **kwargs)

        warnings.showwarning = note
        yield found


def _list(found: dict[str, str]) -> None:
    if not found:
        return
    images = "1 image is" if len(found) == 1 else f"{len(found)} images are"
    say(f"{images} damaged; what there is of each was used:", err=True)
    for name, damage in list(found.items())[:_MOST_LISTED]:
        say(f"  {name}: {damage}", err=True)
    if len(found) > _MOST_LISTED:
        say(f"  and {len(found) - _MOST_LISTED} more", err=True)
