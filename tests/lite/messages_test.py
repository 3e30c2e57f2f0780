import io

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import ImageError
from keras_imgdesc.images.sources import image_name
from keras_imgdesc.lite.messages import (
    decode_error,
    decode_source,
    encode,
    encode_error,
    encode_source,
    receive,
)


def test_arrays_of_every_shape_and_kind():
    arrays = {
        "caption": np.arange(6, dtype=np.int32).reshape(1, 6),
        "attention": np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4).T,
        "none": np.zeros((0, 3), np.uint8),
        "number": np.array(2.5),
        "is_end": np.array([True, False]),
    }
    file = io.BytesIO(encode({"id": 7}, arrays) + encode({}))
    header, received = receive(file)
    assert header == {"id": 7} and received.keys() == arrays.keys()
    for name, expected in arrays.items():
        assert received[name].dtype == expected.dtype
        np.testing.assert_array_equal(received[name], expected)
    assert receive(file) == ({}, {})
    assert receive(file) is None


def test_a_message_that_is_cut_off_is_none():
    whole = encode({"id": 7}, {"x": np.arange(5)})
    for length in range(len(whole)):
        assert receive(io.BytesIO(whole[:length])) is None


def named(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "a.png"
    return file


def test_images_of_every_kind(tmp_path, toy_image):
    path = tmp_path / "image\udcff.png"  # a name that is not UTF-8
    content = b"\x89PNG and so on"
    for source, expected in {
        path: str(path),
        str(path): str(path),
        content: content,
    }.items():
        assert decode_source(*receive(io.BytesIO(encode_source(source)))) == expected
    for source in (bytearray(content), memoryview(content)):
        assert decode_source(*receive(io.BytesIO(encode_source(source)))) == content
    for source in (toy_image, toy_image[:, ::-1], Image.fromarray(toy_image)):
        decoded = decode_source(*receive(io.BytesIO(encode_source(source))))
        np.testing.assert_array_equal(decoded, np.asarray(source))
    for name, file in {"BytesIO": io.BytesIO(content), "a.png": named(content)}.items():
        decoded = decode_source(*receive(io.BytesIO(encode_source(file))))
        assert decoded.read() == content and image_name(decoded) == name
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ImageError, match="in binary mode.*BytesIO"):
        encode_source(closed)
    with pytest.raises(ImageError, match="NoneType"):
        encode_source(None)


def test_an_error_keeps_its_message():
    error = ImageError(
        "It is broken",
        "Mend it",
        image="a.jpg",
        first_bytes=b"\xff",
        width=3,
        side=None,
    )
    header, _ = receive(io.BytesIO(encode_error(error)))
    assert str(decode_error(header)) == str(error)
