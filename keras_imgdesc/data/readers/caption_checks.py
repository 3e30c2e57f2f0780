"""What readers check: texts, names of files, and collections as a whole."""

from __future__ import annotations

import os
from pathlib import PurePosixPath, PureWindowsPath

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_lists import is_list
from keras_imgdesc.errors import InputError

MISSING_IMAGE = "missing image"
NO_CAPTIONS = "image without captions"
NO_IMAGE = "caption without image"
DUPLICATE_IMAGE = "duplicate image"
SEVERAL_SPLITS = "image in several splits"
DUPLICATE_CAPTION = "duplicate caption"
EMPTY_CAPTION = "empty caption"
REJECTED_CAPTION = "rejected caption"
NOT_UTF8 = "not UTF-8"
MALFORMED = "malformed entry"


def is_utf8(text: str) -> bool:
    """Return whether a text decoded with `surrogateescape` was valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_inside(name: str) -> bool:
    """Return whether a name is a relative path that stays inside its folder."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        return False
    if os.name == "nt":
        windows = PureWindowsPath(name)
        return not windows.anchor and ".." not in windows.parts
    return True


def find_caption_problem(caption: object) -> str | None:
    """Return the kind of problem of a single caption, or None if it is valid."""
    if not isinstance(caption, str):
        return MALFORMED
    if not is_utf8(caption):
        return NOT_UTF8
    if is_list(caption):
        return MALFORMED
    if not any(character.isalnum() for character in caption):
        return EMPTY_CAPTION
    return None


def check_on_problem(on_problem: str) -> None:
    """Refuse an `on_problem` other than `"skip"` and `"error"`.

    Raises:
        InputError: it is something else.
    """
    if on_problem not in ("skip", "error"):
        raise InputError(
            "`on_problem` must be 'skip' or 'error'",
            "Use 'skip' to omit and report entries with a problem, or 'error' to raise",
            on_problem=on_problem,
        )


def check_collection(
    collection: CaptionCollection, on_problem: str, **received: object
) -> CaptionCollection:
    """Return a collection, unless it is empty or has problems that must raise.

    Args:
        collection: the collection that was read.
        on_problem: `"skip"` or `"error"`.
        **received: values to show in an error.

    Raises:
        InputError: the collection is empty, or has problems and `on_problem` is
            `"error"`.
    """
    if collection.problems and on_problem == "error":
        raise InputError(
            "With `on_problem='error'`, every image must have a file and valid "
            f"captions, and every caption an image (first problem: "
            f"{collection.problems[0]})",
            "Fix the data, or omit entries with a problem with `on_problem='skip'`",
            problems=collection.problem_counts(),
            **received,
        )
    if not len(collection):
        problems = collection.problem_counts()
        # An image that nothing names says less about why no name was found.
        found = sorted(collection.problems, key=lambda p: p.kind == NO_CAPTIONS)
        first = f" (first problem: {found[0]})" if found else ""
        raise InputError(
            f"No image has both a file and a caption{first}",
            "Check that the annotations belong to the images in this folder",
            problems=problems,
            **received,
        )
    return collection
