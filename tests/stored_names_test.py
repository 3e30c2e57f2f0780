"""Tests of keras_imgdesc.stored_names."""

from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.stored_names import path_inside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "folder"
    inner.mkdir()
    (inner / "own").write_text("own")
    (tmp_path / "other").write_text("other")
    return inner


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../other", "/etc/hostname", "a/b", "a\\b", "C:a", "a\0", "a\n"],
)
def test_names_that_lead_elsewhere_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        path_inside(folder, name)

    assert caught.value.received["name"] == name


def test_a_plain_name_is_a_file_of_the_folder(folder: Path) -> None:
    assert path_inside(folder, "own").read_text() == "own"
    assert path_inside(folder, "new.npz") == folder / "new.npz"
    assert path_inside(folder, "..b") == folder / "..b"


def test_links_must_stay_inside(folder: Path) -> None:
    (folder / "inside").symlink_to("own")
    (folder / "outside").symlink_to("../other")
    (folder / "nowhere").symlink_to("../missing")

    assert path_inside(folder, "inside").read_text() == "own"
    for name in ("outside", "nowhere"):
        with pytest.raises(InputError) as caught:
            path_inside(folder, name)
        assert caught.value.received["file"] == folder / name


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (folder / "inside").symlink_to("own")

    assert path_inside(tmp_path / "link", "inside").read_text() == "own"
