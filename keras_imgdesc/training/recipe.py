"""Recipes as JSON."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from keras_imgdesc.errors import InputError


class Recipe:
    """What the dataclasses of settings have in common: they are kept as JSON."""

    def to_json(self) -> str:
        """The recipe as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"  # type: ignore[call-overload]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """What fields are that a recipe leaves out, as JSON has them."""
        values: dict[str, Any] = {}
        for each in fields(cls):  # type: ignore[arg-type]
            if each.default_factory is not MISSING:
                values[each.name] = each.default_factory()
            elif each.default is not MISSING:
                values[each.name] = each.default
        found: dict[str, Any] = json.loads(json.dumps(values))
        return found

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Read a recipe from a file.

        Raises:
            InputError: the file is not JSON, or has a field that is not known or not
                of its type.
        """
        return cls.from_dict(read_recipe(path), str(path))

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "") -> Self:
        """A recipe from its fields, as JSON has them.

        Args:
            values: by name; those left out have their defaults.
            source: where they come from, for messages.

        Raises:
            InputError: a field that is not known, or not of its type.
        """
        refuse_unknown(cls, values, source)
        return cls(**values)


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


def refuse_unknown(recipe: type, values: Mapping[str, Any], source: str | Path) -> None:
    """Refuse fields that a recipe's dataclass does not have, or not of that type.

    Args:
        recipe: the dataclass.
        values: its fields, as JSON has them.
        source: where they come from, for the message.

    Raises:
        InputError: naming the field. A list is not looked into: what it must be is
            the recipe's own matter.
    """
    known = [f.name for f in fields(recipe)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InputError(
            "A recipe may only have fields that are known",
            f"Remove them; known fields are {known}",
            path=str(source),
            fields=unknown,
        )
    types = get_type_hints(recipe)
    for name, value in values.items():
        wanted = _in_json(types[name])
        if wanted and not any(_is_a(value, kind) for kind in wanted):
            kinds = " or ".join(_JSON_NAMES[kind] for kind in wanted)
            raise InputError(
                f"{name} must be {kinds}",
                "Change it",
                path=str(source),
                **{name: value},
            )


_JSON_NAMES: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    dict: "an object",
    type(None): "null",
}


def _in_json(annotation: Any) -> tuple[type, ...]:
    """The types that JSON may have for a field; none where they are not told."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else [annotation]
    plain = tuple(get_origin(kind) or kind for kind in kinds)
    return plain if set(plain) <= _JSON_NAMES.keys() else ()


def _is_a(value: Any, kind: type) -> bool:
    # In Python true is a whole number, and a whole number is not a float.
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
