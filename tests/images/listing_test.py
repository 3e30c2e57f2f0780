import os

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import find_images, list_images, say_passed_over


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


def missing(name: str) -> str | None:
    """Stands for `find_spec` where only Pillow is installed."""
    return name if name == "PIL._avif" else None


def test_what_is_passed_over_is_counted(folder, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.images.file_formats.find_spec", missing)
    for name in ("x.HEIC", "sub/y.heic", "sub/z.mov", "w.jxl", "captions.json"):
        (folder / name).touch()
    found = find_images([folder, folder / "sub", f"{folder}/s*", folder / "w.jxl"])
    assert found.paths == [*list_images(folder), folder / "w.jxl"]
    passed_over = [str(path.relative_to(folder)) for path in found.passed_over]
    expected = ["image_without_suffix", "sub/y.heic", "sub/z.mov", "x.HEIC"]
    assert passed_over == expected
    assert say_passed_over(found.passed_over) == (
        "4 files passed over: 2 .heic, 1 without a suffix, 1 .mov. "
        "To read HEIC files, run `pip install pillow-heif`."
    )
    assert say_passed_over(found.passed_over[2:3]) == "1 file passed over: .mov."
    assert say_passed_over([]) == ""


def test_a_folder_of_nothing_else_says_what_it_has(folder, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.images.file_formats.find_spec", missing)
    (folder / "empty" / "a.heic").touch()
    with pytest.raises(InputError, match=r"1 file passed over: \.heic.*pillow-heif"):
        list_images(folder / "empty")


def test_suffixes_of_formats_that_are_installed_are_images(folder, monkeypatch):
    for name in ("x.jfif", "y.JPE", "z.avif", "w.heic", "v.jxl"):
        (folder / "empty" / name).touch()
    monkeypatch.setattr("keras_imgdesc.images.file_formats.find_spec", missing)
    expected = ["empty/x.jfif", "empty/y.JPE", "empty/z.avif"]
    assert names(folder, folder / "empty") == expected
    monkeypatch.setattr("keras_imgdesc.images.file_formats.find_spec", str)
    expected = ["empty/v.jxl", "empty/w.heic", *expected]
    assert names(folder, folder / "empty") == expected


def test_what_is_no_path_is_refused(folder):
    with pytest.raises(InputError, match="string or a Path.*type='int'"):
        list_images([folder, 7])


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
