"""The configurations that parts of tasks may have in a preset."""

from __future__ import annotations

import functools
import inspect
import operator
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import keras

from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import Bounds, check_json
from keras_imgdesc.presets.folders import CONFIG_FILE
from keras_imgdesc.sizes import Width

_PACKAGE = __name__.partition(".")[0]
_REMEDY = "Copy the preset again, or install the version that saved it"
# Arguments that name something to read or to download.
_ELSEWHERE = ("weights", "source")
# Packages whose classes may read files or run code that a configuration names.
_LIBRARIES = ("keras", "tensorflow", "tf_keras")

_Text = Annotated[str, Bounds(0, 200)]
_Number = Annotated[float, Bounds(-1e6, 1e6)]


# A part of a task in `config.json`; `class` is its registered name.
Part = TypedDict("Part", {"class": _Text, "config": dict[str, Any]})


class Tokenizer(TypedDict):
    """A tokenizer in the configuration of a text encoder, without its vocabulary."""

    registered_name: _Text
    config: dict[str, Any]
    module: NotRequired[_Text]
    class_name: NotRequired[_Text]


class _Policy(TypedDict):
    module: Literal["keras"]
    class_name: Literal["DTypePolicy"]
    config: dict[Literal["name"], _Text]
    registered_name: None


# What `Layer.get_config` adds to the arguments of a layer.
_OF_LAYERS: dict[str, Any] = {
    "trainable": NotRequired[bool],
    "dtype": NotRequired[_Text | _Policy],
}


def find_class(name: Any, known: tuple[type, ...], where: str, file: Path) -> Any:
    """Return a class by the name under which it is registered with Keras.

    Args:
        name: the name.
        known: classes of this package that may have it. Of other classes, those may
            that are registered by the program, outside this package and Keras.
        where: the place of the name in the configuration.
        file: the configuration.

    Raises:
        InputError: there is no such class, or it may not be there.
    """
    kind = keras.saving.get_registered_object(name) if isinstance(name, str) else None
    names = [keras.saving.get_registered_name(known_kind) for known_kind in known]
    if kind in known:
        return kind
    if kind is None:
        raise InputError(
            f"{CONFIG_FILE} names a class at `{where}` that is not registered with "
            "Keras",
            f"Import the module that defines it, or use one of {names}",
            file=file,
            name=name,
        )
    package = getattr(kind, "__module__", "").partition(".")[0]
    if package == _PACKAGE or package.startswith(_LIBRARIES) or not callable(kind):
        raise InputError(
            f"{CONFIG_FILE} must have one of {names} at `{where}`, or a class that "
            "the program has registered",
            _REMEDY,
            file=file,
            name=name,
        )
    return kind


def check_part_config(kind: type, config: Any, where: str, file: Path) -> None:
    """Refuse the configuration of a part that its class could not have written.

    It may have only arguments of the constructor, of their types and within bounds, and
    none that names something to read. The configurations of classes outside this
    package are left to them.

    Args:
        kind: the class.
        config: the configuration.
        where: its place in the file.
        file: the file.

    Raises:
        InputError: an entry is unknown, missing, or has another type or size.
    """
    checked = check_json(config, dict[str, Any], where=where, **_told(file))
    if kind.__module__.partition(".")[0] != _PACKAGE:
        return
    found = [name for name in _ELSEWHERE if checked.get(name) is not None]
    if found:
        raise InputError(
            f"{CONFIG_FILE} must not name what a part is loaded from, as at "
            f"`{where}.{found[0]}`: a preset holds its weights itself",
            "Load weights in a program or a recipe, if you trust their source",
            file=file,
            **{found[0]: checked[found[0]]},
        )
    check_json(checked, config_type(kind), where=where, **_told(file))
    if "tokenizer" in checked:
        tokenizer, where = checked["tokenizer"], f"{where}.tokenizer"
        found = find_class(
            tokenizer["registered_name"],
            tokenizers_of(kind),
            f"{where}.registered_name",
            file,
        )
        check_part_config(found, tokenizer["config"], f"{where}.config", file)


def check_settings(config: Any, kinds: dict[str, Any], file: Path) -> None:
    """Refuse entries of `config.json` that a task does not have.

    Args:
        config: the contents of the file.
        kinds: types of the entries, by name.
        file: the file.

    Raises:
        InputError: an entry is unknown, missing, or has another type or size.
    """
    kind: Any = TypedDict("_Settings", kinds)  # type: ignore[misc]
    check_json(config, kind, **_told(file))


@functools.cache
def config_type(kind: type) -> Any:
    """Return the type of the configuration of a class of this package.

    It is the `TypedDict` of the constructor's arguments, by their annotations. Numbers,
    texts and sizes without bounds of their own get wide ones. `Annotated[dict, D]`
    stands for the `TypedDict` D.

    Args:
        kind: the class.

    Raises:
        TypeError: an argument is annotated with something that is not in JSON.
    """
    constructor = kind.__init__  # type: ignore[misc]
    hints = typing.get_type_hints(constructor, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(constructor).parameters.items())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            fields |= _OF_LAYERS if name == "kwargs" else {}
        elif name == "vocabulary":  # in vocabulary.txt
            continue
        elif name == "tokenizer":
            fields[name] = Tokenizer
        elif name not in _ELSEWHERE:
            hint = _bounded(hints[name])
            is_needed = parameter.default is inspect.Parameter.empty
            fields[name] = hint if is_needed else NotRequired[hint]
    return TypedDict(kind.__name__, fields)  # type: ignore[operator]


def tokenizers_of(kind: type) -> tuple[type, ...]:
    """Return the classes that the argument `tokenizer` of a text encoder may have."""
    hints = typing.get_type_hints(kind.__init__)  # type: ignore[misc]
    hint = hints.get("tokenizer")
    kinds = typing.get_args(hint) or (hint,)
    return tuple(k for k in kinds if isinstance(k, type) and k is not types.NoneType)


def _told(file: Path) -> dict[str, Any]:
    return {"what": CONFIG_FILE, "remedy": _REMEDY, "file": file}


def _bounded(hint: Any) -> Any:
    if hint in _DEFAULTS:
        return _DEFAULTS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return arguments[1] if typing.is_typeddict(arguments[1]) else hint
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, map(_bounded, arguments))
    if origin is tuple:
        return types.GenericAlias(tuple, tuple(map(_bounded, arguments)))
    raise TypeError(f"{hint} is not a type of JSON values")


_DEFAULTS: dict[Any, Any] = {
    int: Width,
    float: _Number,
    str: _Text,
    bool: bool,
    types.NoneType: types.NoneType,
}
