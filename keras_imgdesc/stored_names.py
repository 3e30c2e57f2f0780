"""Names of files that stand in other files, whoever wrote those."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from keras_imgdesc.errors import InputError


def path_inside(
    folder: str | os.PathLike[str],
    name: str,
    *,
    remedy: str = "Copy the folder again",
    error: Callable[..., InputError] = InputError,
) -> Path:
    """Return the path of a file in a folder, and refuse names that lead out of it.

    Args:
        folder: the folder; it may itself be a link, or lie behind one.
        name: the name of a file directly in it. The file need not exist.
        remedy: what to do about a name that is refused.
        error: what makes the error, called like `InputError`.

    Raises:
        InputError: `name` is not a plain name (it is empty, `.` or `..`, has a
            separator, a colon or a control character), or there is a link of this name
            that leads out of the folder.

    Example:

    >>> from keras_imgdesc.errors import InputError
    >>> path_inside("index", "vectors-00000.npy").name
    'vectors-00000.npy'
    >>> try:
    ...     path_inside("index", "../other.npy")
    ... except InputError as problem:
    ...     print(problem.rule)
    A file must be named by its name alone, without a folder
    """
    is_plain = isinstance(name, str) and not (
        name in ("", ".", "..")
        or any(character in "/\\:" or not character.isprintable() for character in name)
    )
    if not is_plain:
        raise error(
            "A file must be named by its name alone, without a folder",
            remedy,
            folder=folder,
            name=name,
        )
    path = Path(folder, name)
    if path.is_symlink():
        inside = os.path.realpath(folder)
        target = os.path.realpath(path)
        if os.path.commonpath([inside, target]) != inside:
            raise error(
                "A file must lie in its folder; a link must not lead out of it",
                "Copy the file to the place of the link, if you trust it",
                file=path,
                target=target,
            )
    return path
