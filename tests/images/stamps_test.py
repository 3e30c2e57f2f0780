"""Stamps of images."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.images.stamps import (
    MISSING,
    file_stamp,
    image_stamp,
    replaced,
)

PIXELS = np.arange(4 * 6 * 3, dtype="uint8").reshape(4, 6, 3)


class Pipe(io.RawIOBase):
    def readable(self):
        return True


def test_a_file_has_size_and_time(tmp_path):
    path = tmp_path / "a.png"
    assert file_stamp(path) == MISSING and image_stamp(path) == "-1--1"
    path.write_bytes(b"one")
    before = image_stamp(path)
    assert before == image_stamp(str(path)) == f"3-{path.stat().st_mtime_ns}"
    os.utime(path, ns=(0, 5))
    assert image_stamp(path) == "3-5" != before
    assert image_stamp("a\0b") == "-1--1"


@pytest.mark.parametrize(
    "convert", [np.asarray, np.ndarray.tobytes, Image.fromarray, np.asfortranarray]
)
def test_an_image_in_memory_has_a_digest_of_its_content(convert):
    stamp = image_stamp(convert(PIXELS))
    assert len(stamp) == 24 and stamp == image_stamp(convert(PIXELS.copy()))
    assert stamp != image_stamp(convert(PIXELS + 1))


def test_shape_and_type_are_content():
    shapes = {image_stamp(PIXELS.reshape(6, 4, 3)), image_stamp(PIXELS)}
    assert len(shapes | {image_stamp(PIXELS.view("int8"))}) == 3


def test_a_file_object_keeps_its_content():
    file = io.BytesIO(b"content")
    assert image_stamp(file) == image_stamp(b"content")
    assert file.seek(0) == 0 and file.read() == b"content"
    assert image_stamp(Pipe()) == image_stamp(7) == ""


def test_a_file_that_is_missing_was_not_replaced():
    assert replaced(["1-1", "2-2", "3-3", "-1--1"], ["1-1", "9-9", "-1--1", "4-4"]) == [
        1,
        3,
    ]
