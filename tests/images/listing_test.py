import os

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import list_images


@pytest.fixture
def folder(tmp_path):
    for name in (
        *("b.jpg", "a.PNG", "c.jpeg", "notes.txt", "._b.jpg"),
        *("sub/d.webp", "sub/deep/e.gif", ".hidden/f.jpg", "empty/readme.md"),
        *("[1].bmp", "image_without_suffix"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(folder, paths):
    return [str(path.relative_to(folder)) for path in list_images(paths)]


ALL = ["[1].bmp", "a.PNG", "b.jpg", "c.jpeg", "sub/d.webp", "sub/deep/e.gif"]


def test_folder(folder):
    assert names(folder, folder) == ALL
    assert names(folder, str(folder)) == ALL
    assert names(folder, [f"{folder}/sub"]) == ALL[-2:]


def test_a_folder_inside_a_hidden_one(folder):
    assert names(folder, folder / ".hidden") == [".hidden/f.jpg"]


def test_files_are_sorted_and_unique_whatever_their_names(folder):
    given = [folder / "image_without_suffix", folder / "b.jpg", f"{folder}/b.jpg"]
    assert names(folder, given) == ["b.jpg", "image_without_suffix"]
    assert names(folder, [folder, folder / "b.jpg"]) == ALL


def test_patterns(folder):
    assert names(folder, f"{folder}/*.jp*g") == ["b.jpg", "c.jpeg"]
    assert names(folder, f"{folder}/**/*.gif") == ["sub/deep/e.gif"]
    assert names(folder, f"{folder}/s*") == ALL[-2:]


def test_a_file_may_be_named_like_a_pattern(folder):
    assert names(folder, folder / "[1].bmp") == ["[1].bmp"]


def test_paths_stay_relative(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert [os.fspath(path) for path in list_images("sub")] == ALL[-2:]


def test_nothing_given():
    assert list_images([]) == []


def test_an_empty_path_is_not_the_current_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="not be empty"):
        list_images([""])


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("none.jpg", "no such file"),
        ("empty", "must have images"),
        ("*.tiff", "must match an image"),
        ("empt*", "must match an image"),
    ],
)
def test_what_is_missing_is_named(folder, name, rule):
    with pytest.raises(InputError, match=rule) as caught:
        list_images([folder, folder / name])
    assert str(folder / name) in str(caught.value)
