"""The recipes that ship with the package, found by name."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from keras_imgdesc.errors import InputError

_SUFFIX = ".json"


def list_recipes() -> dict[str, Path]:
    """Return the files of the recipes that ship with the package, by name.

    A recipe of several stages is a folder; the name of a stage is
    `flickr8k_vgg16_lstm/1_captioner`.

    Example:

    >>> "frozen" in list_recipes()
    True
    """
    package = Path(__file__).resolve().parents[1]
    # In an installed package, or beside it in a clone of the repository.
    for folder in (package / "recipes", package.parent / "recipes"):
        files = sorted(folder.rglob(f"*{_SUFFIX}"))
        if files:
            return {
                file.relative_to(folder).with_suffix("").as_posix(): file
                for file in files
            }
    return {}


def find_recipe(recipe: str | os.PathLike[str]) -> Path:
    """Return the file of a recipe.

    Args:
        recipe: a file, or the name of a recipe in `list_recipes`, with or without
            `.json`. A file comes first.

    Raises:
        InputError: there is neither; the message lists the names.
    """
    path = Path(recipe)
    if path.is_file():
        return path
    known = list_recipes()
    name = os.fspath(recipe).removesuffix(_SUFFIX)
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    names = f"one of {', '.join(known)}" if known else "a JSON file"
    raise InputError(
        "A recipe must be a file, or the name of one that ships with the package",
        f"Did you mean {near[0]}? Otherwise use {names}" if near else f"Use {names}",
        recipe=os.fspath(recipe),
    )
