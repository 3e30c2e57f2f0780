"""Changes of a JSON document as a stranger might make them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

# A place in a document: what holds a value, and its key or index there.
Place = tuple[Any, Any]
TYPES = (None, True, -1, 0, 3, 1.5, -1e308, "", "x", "NaN", [], {}, [[]], [None])
HUGE = (2**31, 2**63, 10**18, -(10**18), 1e300, float("nan"), float("inf"))
SECRET = "the secret of another file"
# Line breaks, a change of the terminal's title, and a change of direction.
CONTROL = "a\nb\r\x1b]0;title\x07\x1b[31m\u202ex\u2028\x00"
CLASSES = (
    "keras_imgdesc>VGG16Encoder",
    "keras_imgdesc>ImageCaptioner",
    "keras_imgdesc>LSTMDecoder",
    "builtins>eval",
    "Lambda",
    "os>system",
)
KERAS = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": "print"},
    "registered_name": None,
}


def mutate_json(chance: random.Random, text: str, outside: Path, here: Path) -> tuple:
    """Change one thing in a document.

    Args:
        chance: draws the change.
        text: the document.
        outside: folder with files that must not be read.
        here: folder of the document, for relative paths from there.

    Returns:
        The changed document, as bytes, and what was changed, in words.
    """
    document = json.loads(text)
    change = chance.choice([*CHANGES, *CHANGES, *WHOLE])
    if change in WHOLE:
        return change(chance, text), change.__name__.strip("_").replace("_", " ")
    places = list(_places(document))
    holder, key = chance.choice(places) if places else ({"": document}, "")
    said = change(chance, holder, key, _paths(outside, here))
    place = f"{key!r}"[:40]
    return _dumps(document), f"{said} at {place}"


def _places(value: Any) -> list[Place]:
    if isinstance(value, dict):
        inner = list(value)
    elif isinstance(value, list):
        inner = list(range(min(len(value), 5)))
    else:
        return []
    return [(value, key) for key in inner] + [
        place for key in inner for place in _places(value[key])
    ]


def _paths(outside: Path, here: Path) -> list[str]:
    """Return names of what is outside: absolute, relative, on a network."""
    names = sorted(path.name for path in outside.iterdir())
    up = "../" * len(here.parts)
    return [
        *(str(outside / name) for name in names),
        *(f"../../{outside.name}/{name}" for name in names),
        *(f"..{'/..' * 3}/{outside.name}/{name}" for name in names),
        up.rstrip("/") + str(outside / names[0]),
        str(outside),
        f"hf://{outside.name}/bert",
        f"kaggle://{outside.name}/bert",
        "https://localhost:9/weights.h5",
        "gs://localhost/weights.h5",
        "file://" + str(outside / names[0]),
        "/dev/zero",
        "/proc/self/environ",
        "~/" + names[0],
        "|cat " + str(outside / names[0]),
    ]


def _other_type(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = chance.choice(TYPES)
    return f"{holder[key]!r}"


def _huge(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = chance.choice(HUGE)
    return f"{holder[key]!r}"


def _long(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = chance.choice(
        ["x" * 1_000_000, [0] * 300_000, {str(i): i for i in range(100_000)}]
    )
    return f"a long {type(holder[key]).__name__}"


def _nested(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    depth = chance.choice([100, 900, 20_000])
    holder[key] = f"NESTED{depth}"
    return f"{depth} nested lists"


def _path(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = chance.choice(paths)
    return f"a path like {holder[key][:12]!r}"


def _unknown(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    name = chance.choice(["weights", "source", "preset", "path", "x", CONTROL])
    value = chance.choice([chance.choice(paths), chance.choice(TYPES), KERAS])
    if not isinstance(holder, dict):
        holder.insert(0, value)
        return "one more value"
    holder[name] = value
    return f"the key {name!r}"


def _missing(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    del holder[key]
    return "nothing"


def _control(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = CONTROL
    return "control characters"


def _class(chance: random.Random, holder: Any, key: Any, paths: list) -> str:
    holder[key] = chance.choice([*CLASSES, KERAS])
    return f"{holder[key]!r}"


def _not_utf_8(chance: random.Random, text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


def _cut(chance: random.Random, text: str) -> bytes:
    return text.encode()[: chance.randrange(len(text))]


def _other_document(chance: random.Random, text: str) -> bytes:
    return chance.choice(
        [b"", b"[]", b"null", b"3", b'"x"', b"{}", b"[{}]", b"\0" * 99]
    )


def _all_nested(chance: random.Random, text: str) -> bytes:
    return b"[" * 200_000


def _long_number(chance: random.Random, text: str) -> bytes:
    return b'{"format_version": ' + b"1" * 6000 + b"}"


def _twice(chance: random.Random, text: str) -> bytes:
    return (text + text).encode()


CHANGES: tuple[Callable[..., str], ...] = (
    *(_other_type, _other_type, _huge, _long, _nested, _path, _path, _path, _unknown),
    *(_missing, _control, _class),
)
WHOLE: tuple[Callable[..., bytes], ...] = (
    *(_not_utf_8, _cut, _other_document, _all_nested, _long_number, _twice),
)


def _dumps(document: Any) -> bytes:
    text = json.dumps(document, indent=1)
    for depth in (100, 900, 20_000):
        text = text.replace(f'"NESTED{depth}"', "[" * depth + "]" * depth)
    return text.encode()
