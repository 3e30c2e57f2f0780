"""Fixtures for the tests of readers."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with empty files a.jpg, b.jpg and c.jpg; readers do not open images."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for letter in "abc":
        (folder / f"{letter}.jpg").touch()
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes lines, str or bytes, to a file: (name, *lines)."""

    def write_lines(name: str, *lines: str | bytes) -> Path:
        path = tmp_path / name
        encoded = [x.encode() if isinstance(x, str) else x for x in lines]
        path.write_bytes(b"\n".join(encoded) + b"\n")
        return path

    return write_lines


@pytest.fixture
def problems_of() -> Callable[[Iterable], list[tuple[str, str]]]:
    """Return a function of a collection to the kinds and names of its problems."""
    return lambda collection: [(p.kind, p.name) for p in collection.problems]
