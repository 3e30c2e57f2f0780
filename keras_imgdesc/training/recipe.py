"""Recipes: the settings of a training, saved as JSON."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from keras_imgdesc.backend import choose_precision
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import parse_json, read_json


class Recipe:
    """The base of the frozen dataclasses that hold a training's settings.

    A recipe is one flat JSON object. Unknown fields and values of the wrong type are
    refused. A subclass that defines `__post_init__` calls this one's first.

    Attributes:
        RENAMED: today's name of each field that had another name in an earlier version.
            Files with the old name are still read.

    Example:
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class ToyRecipe(Recipe):
    ...     RENAMED = {"rounds": "epochs"}
    ...     epochs: int = 3
    >>> ToyRecipe.from_dict({"rounds": 5})
    ToyRecipe(epochs=5)
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        precision = getattr(self, "precision", "auto")
        if precision != "auto":
            choose_precision(precision)

    def to_json(self) -> str:
        """Return the recipe as the text of a JSON file."""
        return json.dumps(asdict(self), indent=2) + "\n"  # type: ignore[call-overload]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON represents them."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the defaults of the optional fields, as JSON represents them."""
        values: dict[str, Any] = {}
        for each in fields(cls):  # type: ignore[arg-type]
            if each.default_factory is not MISSING:
                values[each.name] = each.default_factory()
            elif each.default is not MISSING:
                values[each.name] = each.default
        found: dict[str, Any] = json.loads(json.dumps(values))
        return found

    def is_set(self, name: str) -> bool:
        """Return whether a field differs from its default, or was set by `changed`."""
        value = self.as_dict()[name]
        defaults = self.defaults()
        is_default = name in defaults and defaults[name] == value
        return not is_default or name in getattr(self, "_changed", ())

    def changed(self, changes: Mapping[str, Any], source: str = "") -> Self:
        """Return the recipe with other values of some fields.

        Args:
            changes: values by the name of the field, as JSON represents them.
            source: origin of the values, for messages.

        Raises:
            InputError: see `from_dict`.
        """
        values = self.as_dict() | self.upgrade(changes)
        found: Self = self.family().from_dict(values, source)
        names = {found.RENAMED.get(name, name) for name in changes}
        # Who sets a field back to its default does not set it. Not a field of its own:
        # recipes with the same values are equal.
        own = self.as_dict()
        new = frozenset(n for n in names if n not in own or not self.is_set(n))
        object.__setattr__(found, "_changed", new)
        return found

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Read a recipe from a file.

        Raises:
            InputError: the file is not a JSON object, or has an unknown field or a
                value of the wrong type.
        """
        return cls.from_dict(read_recipe(path), str(path))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "") -> Self:
        """Build a recipe from its fields.

        Args:
            values: fields by name, as JSON represents them; omitted ones have their
                defaults.
            source: origin of the values, for messages.

        Raises:
            InputError: a field is unknown, or a value has the wrong type, is out of
                range or contradicts another; the message names `source`.
        """
        chosen = cls.class_of(values, source)
        upgraded = chosen.upgrade(values)
        refuse_unknown(chosen, upgraded, source)
        try:
            return chosen(**chosen.decode(upgraded, source))
        except InputError as error:
            if not source or "path" in error.received:
                raise
            named = {"path": source} | error.received
            raise InputError(error.rule, error.remedy, **named) from None

    @classmethod
    def family(cls) -> type[Any]:
        """Return the class that can read every kind of recipe a change may lead to."""
        return cls

    @classmethod
    def class_of(cls, values: Mapping[str, Any], source: str = "") -> type[Self]:
        """Return the class that some fields belong to, by default this one.

        A base of several kinds overrides it to choose among them.
        """
        return cls

    @classmethod
    def upgrade(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an earlier version's file under today's names.

        Also applied to the `recipe.json` of a run that is resumed. A field that has
        both names keeps the old one, which `from_dict` then refuses.
        """
        return {
            name if cls.RENAMED.get(name, name) in values else cls.RENAMED[name]: value
            for name, value in values.items()
        }

    @classmethod
    def decode(cls, values: dict[str, Any], source: str = "") -> dict[str, Any]:
        """Return the arguments of the constructor for checked JSON values.

        Overridden where a field is not what JSON represents, such as a tuple.
        """
        return values

    def require_at_least(self, **least: float) -> None:
        """Raise `InputError` if a field is below its minimum."""
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise InputError(
                    f"{name} must be at least {smallest}",
                    f"Set {name} to {smallest} or more",
                    **{name: getattr(self, name)},
                )

    def require_below_one(self, *names: str) -> None:
        """Raise `InputError` if a field is not at least 0 and below 1."""
        for name in names:
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"{name} must be at least 0 and below 1",
                    f"Set {name} to 0 to disable it, or to less than 1",
                    **{name: getattr(self, name)},
                )

    def require_one_of(self, **choices: Iterable[Any]) -> None:
        """Raise `InputError` if a field is not one of its choices."""
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"{name} must be one of {list(known)}",
                    f"Use one of {list(known)}",
                    **{name: getattr(self, name)},
                )


def read_recipe(path: str | Path) -> dict[str, Any]:
    """Read the fields of a recipe file.

    Raises:
        InputError: the file cannot be read or is not a JSON object.
    """
    return read_json(path, dict[str, Any], remedy="Correct it; see recipes/")


def refuse_unknown(recipe: type, values: Mapping[str, Any], source: str | Path) -> None:
    """Refuse fields that a recipe's dataclass lacks, and values of the wrong type.

    Args:
        recipe: the dataclass.
        values: fields by name, as JSON represents them.
        source: origin of the values, for the message.

    Raises:
        InputError: naming the field, and known ones of a similar name.
    """
    known = [f.name for f in fields(recipe)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        similar = [
            match
            for name in unknown
            for match in difflib.get_close_matches(name, known, n=2)
        ]
        meant = f"Did you mean {similar}? " if similar else ""
        raise InputError(
            f"{recipe.__name__} has no such fields",
            f"{meant}Known fields are {known}",
            path=str(source),
            fields=unknown,
        )
    types = get_type_hints(recipe)
    for name, value in values.items():
        expected = _json_types(types[name])
        if expected and not any(_is_a(value, kind) for kind in expected):
            kinds = " or ".join(_JSON_NAMES[kind] for kind in expected)
            raise InputError(
                f"{name} must be {kinds}",
                f"Set {name} to {kinds}",
                path=str(source),
                **{name: value},
            )
        if get_origin(types[name]) is list:
            text = json.dumps(value)
            remedy = f"Correct {name}"
            parse_json(text, types[name], what=name, remedy=remedy, path=str(source))


_JSON_NAMES: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    dict: "an object",
    type(None): "null",
}


def _json_types(annotation: Any) -> tuple[type, ...]:
    """Return the types that JSON may have for a field, or none if not checked."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else [annotation]
    plain = tuple(get_origin(kind) or kind for kind in kinds)
    return plain if set(plain) <= _JSON_NAMES.keys() else ()


def _is_a(value: Any, kind: type) -> bool:
    # In Python true is a whole number, and a whole number is not a float.
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
