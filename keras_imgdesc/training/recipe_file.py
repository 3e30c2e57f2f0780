"""Reading recipes from JSON."""

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from keras_imgdesc.errors import InputError


def read_recipe(path: str | Path) -> dict[str, Any]:
    """A recipe's fields.

    Raises:
        InputError: the file cannot be read or is no JSON object.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "A recipe must be a JSON file",
            f"Mend the file; reading it failed with: {error}",
            path=str(path),
        ) from error
    if not isinstance(values, dict):
        raise InputError(
            "A recipe must be a JSON object",
            "See the files in recipes/",
            path=str(path),
        )
    return values


def refuse_unknown(recipe: type, names: Iterable[str], source: str | Path) -> None:
    """Raise InputError if a name is not a field of the recipe's dataclass."""
    known = [f.name for f in fields(recipe)]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise InputError(
            "A recipe may only have fields that are known",
            f"Remove them; known fields are {known}",
            path=str(source),
            fields=unknown,
        )
