"""Tests of keras_imgdesc.json_files."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.json_files import Bounds, parse_json, read_json


class Shard(TypedDict):
    rows: Annotated[int, Bounds(0, 100)]
    names: list[tuple[str, int]]


class Manifest(TypedDict):
    version: Literal[1, 2]
    preset: str | None
    shards: Annotated[list[Shard], Bounds(high=3)]
    scale: NotRequired[float]
    options: NotRequired[dict[str, bool | int | str]]
    more: NotRequired[Any]


GOOD: dict[str, Any] = {
    "version": 1,
    "preset": None,
    "shards": [{"rows": 2, "names": [["a", 1], ["b", 2]]}],
    "scale": 2,
    "options": {"x": True, "y": 3, "z": "text"},
    "more": [{"anything": [None]}],
}


def test_returns_the_contents() -> None:
    value = parse_json(json.dumps(GOOD), Manifest)

    assert value["shards"][0]["names"] == [("a", 1), ("b", 2)]
    assert value == GOOD | {"shards": [{"rows": 2, "names": [("a", 1), ("b", 2)]}]}
    assert parse_json('{"version": 2, "preset": "p", "shards": []}', Manifest)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"version": 3}, "must have one of [1, 2] at `version`"),
        ({"version": True}, "must have one of [1, 2] at `version`"),
        ({"preset": 3}, "must have a text or null at `preset`"),
        ({"shards": {}}, "must have a list at `shards`"),
        ({"shards": [None]}, "must have an object at `shards[0]`"),
        ({"shards": [{"rows": 1}]}, "must have `shards[0].names`"),
        (
            {"shards": [{"rows": 101, "names": []}]},
            "must have a number of at least 0 and at most 100 at `shards[0].rows`",
        ),
        (
            {"shards": [{"rows": True, "names": []}]},
            "must have an integer at `shards[0].rows`",
        ),
        (
            {"shards": [{"rows": 1, "names": [["a"]]}]},
            "must have a list of 2 values at `shards[0].names[0]`",
        ),
        (
            {"shards": [{"rows": 1, "names": [["a", "b"]]}]},
            "must have an integer at `shards[0].names[0][1]`",
        ),
        (
            {"shards": [{"rows": 1, "names": []}] * 4},
            "must have a value of length at most 3 at `shards`",
        ),
        ({"scale": "2"}, "must have a finite number at `scale`"),
        ({"scale": 10**400}, "must have a finite number at `scale`"),
        ({"options": {"x": None}}, "must have true or false or an integer or a text"),
        ({"other": 1}, "must have only the keys"),
    ],
)
def test_refuses_other_values(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_json(json.dumps(GOOD | changes), Manifest, what="It", file="a.json")

    assert caught.value.rule.startswith(f"It {rule}")
    assert caught.value.received["file"] == "a.json"


def test_unknown_keys_are_allowed_where_it_is_said() -> None:
    text = json.dumps(GOOD | {"other": 1})

    assert parse_json(text, Manifest, allow_unknown=True)["version"] == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1, NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"\xff\xfe[1]",
        b"[" + b"9" * 5000 + b"]",
        b"[" * 33 + b"]" * 33,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
    ids=range(10),
)
def test_refuses_what_is_not_json_or_too_deep(text: bytes) -> None:
    with pytest.raises(InputError):
        parse_json(text, Any)  # type: ignore[arg-type]


def test_depth_within_the_limit_is_read() -> None:
    assert parse_json("[" * 32 + "]" * 32, list[Any])
    assert parse_json("\ufeff[1]".encode(), list[int]) == [1]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(json.dumps(["x" * 100]))
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)

    assert read_json(file, list[str])
    for path in (pipe, tmp_path, tmp_path / "missing", tmp_path / "nul\0", file):
        with pytest.raises(ImageError) as caught:
            read_json(path, list[str], most_bytes=100, error=ImageError)
        assert caught.value.received["file"] == path
        assert path.name in caught.value.rule


def test_long_and_unprintable_keys_are_shown_in_part() -> None:
    with pytest.raises(InputError) as caught:
        parse_json(json.dumps({"\x1b" + "k" * 9000: "x"}), dict[str, int])

    assert "\x1b" not in str(caught.value)
    assert len(caught.value.rule) < 200


def test_a_wrong_value_at_any_key_is_named(tmp_path: Path) -> None:
    class Pointer(TypedDict):
        file: str
        rule: str

    path = tmp_path / "pointer.json"
    for key in ("file", "rule"):
        path.write_text(json.dumps({"file": "a", "rule": "b"} | {key: 3}))
        with pytest.raises(InputError) as caught:
            read_json(path, Pointer)
        assert caught.value.rule == f"pointer.json must have a text at `{key}`"
        assert caught.value.received == {"file": path, "value": 3}
