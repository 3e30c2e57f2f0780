"""The types that values of JSON may have, and comparing values with them."""

from __future__ import annotations

import functools
import itertools
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

from keras_imgdesc.errors import InputError

# Levels of lists and objects; Python's own limit depends on the caller.
MOST_LEVELS = 32


@dataclass(frozen=True)
class Bounds:
    """Bounds of a number, or of the length of a text, list or object.

    Attributes:
        low: smallest value or length.
        high: largest value or length.

    Example:

    >>> from typing import Annotated, TypedDict
    >>> from keras_imgdesc.json_files import parse_json
    >>> class Size(TypedDict):
    ...     width: Annotated[int, Bounds(1, 4096)]
    >>> parse_json('{"width": 8}', Size)
    {'width': 8}
    """

    low: float = -math.inf
    high: float = math.inf


def too_deep(refuse: Callable[..., InputError]) -> InputError:
    """Return the error of a value that is nested too deeply."""
    return refuse(f"may nest lists and objects {MOST_LEVELS} levels deep at most")


_CONTAINERS = frozenset((dict, list))


def _items(containers: list[Any]) -> Iterator[Any]:
    return itertools.chain.from_iterable(
        each if isinstance(each, list) else each.values() for each in containers
    )


class TypeCheck:
    """Compare values of JSON with types.

    Args:
        refuse: what makes an error of the end of a rule, such as "must have a list at
            `shards`", and of values to name in the message.
        allow_unknown: whether objects may have keys that their `TypedDict` lacks.
    """

    def __init__(self, refuse: Callable[..., InputError], allow_unknown: bool) -> None:
        self._refuse, self._allow_unknown = refuse, allow_unknown

    def levels(self, value: Any) -> None:
        """Refuse what is nested too deeply."""
        level = [value]
        for _ in range(MOST_LEVELS):
            level = [item for item in level if isinstance(item, dict | list)]
            # Most values are no containers: they are passed over quickly.
            if _CONTAINERS.isdisjoint(map(type, _items(level))):
                return
            level = list(_items(level))
        raise too_deep(self._refuse)

    def __call__(self, value: Any, kind: Any, where: str) -> Any:
        """Return a value, whose tuples are tuples, or raise what `refuse` makes.

        Args:
            value: what `json.loads` returned, or a part of it.
            kind: its type; see `read_json`.
            where: its place, such as `shards[0]`; empty for the whole.
        """
        if kind is Any:
            return value
        if kind in _SCALARS:
            is_right, name = _SCALARS[kind]
            if not is_right(value):
                raise self._wrong(where, name, value)
            return value
        if typing.is_typeddict(kind):
            return self._typed_dict(value, kind, where)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is Annotated:
            return self._bounded(self(value, arguments[0], where), arguments[1], where)
        if origin in (typing.Union, types.UnionType):
            return self._union(value, arguments, where)
        if origin is Literal:
            # 1 equals True.
            if not any(value == a and type(value) is type(a) for a in arguments):
                raise self._wrong(where, f"one of {list(arguments)}", value)
            return value
        if origin is list:
            self._require(value, list, "a list", where)
            inner = arguments[0]
            if inner is not Any:
                return [self(v, inner, f"{where}[{i}]") for i, v in enumerate(value)]
            return value
        if origin is dict:
            self._require(value, dict, "an object", where)
            return {
                k: self(v, arguments[1], _inside(where, k)) for k, v in value.items()
            }
        if origin is tuple:
            self._require(value, list, "a list", where)
            if len(value) != len(arguments):
                raise self._wrong(where, f"a list of {len(arguments)} values", value)
            pairs = zip(value, arguments, strict=True)
            return tuple(self(v, a, f"{where}[{i}]") for i, (v, a) in enumerate(pairs))
        raise TypeError(f"{kind} is not a type of JSON values")

    def _typed_dict(self, value: Any, kind: Any, where: str) -> dict[str, Any]:
        self._require(value, dict, "an object", where)
        hints = _hints(kind)
        for name in sorted(_required(kind) - value.keys()):
            raise self._refuse(f"must have `{_inside(where, name)}`")
        unknown = [] if self._allow_unknown else sorted(value.keys() - hints.keys())
        if unknown:
            known = f"must have only the keys {sorted(hints)}{_at(where)}"
            raise self._refuse(known, unknown=unknown)
        return {
            name: self(inner, hints.get(name, Any), _inside(where, name))
            for name, inner in value.items()
        }

    def _union(self, value: Any, kinds: tuple[Any, ...], where: str) -> Any:
        problems = []
        for kind in kinds:
            try:
                return self(value, kind, where)
            except InputError as problem:
                problems.append(problem)
        if all(kind in _SCALARS for kind in kinds):
            names = " or ".join(_SCALARS[kind][1] for kind in kinds)
            raise self._wrong(where, names, value)
        # The longest rule is about the innermost value, so it is of the nearest type.
        raise max(problems, key=lambda problem: len(problem.rule))

    def _bounded(self, value: Any, bounds: Bounds, where: str) -> Any:
        is_number = isinstance(value, int | float)
        size = value if is_number or value is None else len(value)
        if size is not None and not bounds.low <= size <= bounds.high:
            limits = [
                *([f"at least {bounds.low:,}"] if bounds.low > -math.inf else []),
                *([f"at most {bounds.high:,}"] if bounds.high < math.inf else []),
            ]
            what = "a number of" if is_number else "a value of length"
            raise self._wrong(where, f"{what} {' and '.join(limits)}", value)
        return value

    def _require(self, value: Any, kind: type, name: str, where: str) -> None:
        if not isinstance(value, kind):
            raise self._wrong(where, name, value)

    def _wrong(self, where: str, expected: str, value: Any) -> InputError:
        rule = f"must have {expected}{_at(where)}"
        return self._refuse(rule, value=value)


def _at(where: str) -> str:
    return f" at `{where}`" if where else ""


def _inside(where: str, name: str) -> str:
    # A name of the file: it may be long, or not printable.
    name = repr(name)[1:-1]
    name = name if len(name) <= 60 else f"{name[:60]}..."
    return f"{where}.{name}" if where else name


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    if _is_int(value):
        return -1e308 < value < 1e308
    return isinstance(value, float) and math.isfinite(value)


_SCALARS: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    str: (lambda value: isinstance(value, str), "a text"),
    int: (_is_int, "an integer"),
    float: (_is_finite, "a finite number"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    None: (lambda value: value is None, "null"),
    type(None): (lambda value: value is None, "null"),
}


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {
        name: typing.get_args(hint)[0] if _is_optional(hint) else hint
        for name, hint in hints.items()
    }


@functools.cache
def _required(kind: Any) -> frozenset[str]:
    # `__required_keys__` ignores `NotRequired` in a module of postponed annotations.
    hints = typing.get_type_hints(kind, include_extras=True)
    needed = (name for name, hint in hints.items() if not _is_optional(hint))
    return frozenset(needed if kind.__total__ else ())


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) is NotRequired
