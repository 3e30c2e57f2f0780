from pathlib import Path

import numpy as np

from keras_imgdesc.data.same_images import same_images


def test_files_are_compared_by_content(tmp_path):
    contents = {
        "a": b"x" * 9000 + b"end",
        "other_start": b"y" + b"x" * 8999 + b"end",
        "other_end": b"x" * 9000 + b"END",
        "copy": b"x" * 9000 + b"end",
        "short": b"end",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in contents]
    assert same_images(paths) == [[0, 3]]
    assert same_images([*paths, contents["short"]]) == [[0, 3], [4, 5]]


def test_a_file_that_cannot_be_read_is_the_same_as_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gone, other = tmp_path / "gone.jpg", tmp_path / "other.jpg"
    zero = Path("a\0.jpg")
    sources = [gone, other, "gone.jpg", tmp_path, zero, object(), zero]
    assert same_images(sources) == [[0, 2], [4, 6]]


def test_arrays_are_compared_by_shape_and_content():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    other = image.copy()
    other[0, 0, 0] = 9
    images = [image, other, image.reshape(4, 2, 3), np.asfortranarray(image)]
    assert same_images(images) == [[0, 3]]


def test_only_what_both_sides_share_is_found():
    images = [np.full((2, 2, 3), i, np.uint8) for i in (1, 1, 2, 3, 2, 3, 3)]
    assert same_images(images) == [[0, 1], [2, 4], [3, 5, 6]]
    assert same_images(images, among_first=4) == [[2, 4], [3, 5, 6]]
