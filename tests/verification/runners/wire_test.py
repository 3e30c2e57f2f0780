import numpy as np
import pytest

from keras_imgdesc.verification.runners.wire import decode, encode


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8", "bool"])
def test_arrays_keep_values_shape_and_dtype(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    found = decode(encode({"a": [array]}))["a"][0]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_strings_and_bytes_are_kept():
    images = np.array([b"\xff\x00", b""], object)
    found = decode(
        encode({"images": images, "one": b"\x80", "text": "ä", "none": None})
    )
    assert found["images"].dtype == object
    assert found["images"].tolist() == images.tolist()
    assert (found["one"], found["text"], found["none"]) == (b"\x80", "ä", None)


def test_numbers_are_exact_and_nan_is_kept():
    found = decode(encode([np.float32(0.1), np.int64(3), float("nan")]))
    assert found[:2] == [float(np.float32(0.1)), 3]
    assert np.isnan(found[2])


def test_an_empty_array_keeps_its_shape():
    assert decode(encode(np.zeros((0, 4), "float32"))).shape == (0, 4)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="set cannot be encoded"):
        encode({"a": set()})
