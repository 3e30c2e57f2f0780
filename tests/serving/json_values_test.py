"""JSON values become arrays, or errors."""

import numpy as np
import pytest

from keras_imgdesc.serving.json_values import (
    convert,
    decode_base64,
    is_base64,
    shape_of,
    to_array,
)
from keras_imgdesc.serving.rest_error import RestError
from keras_imgdesc.serving.tensor_spec import TensorSpec


@pytest.mark.parametrize(
    ("value", "shape"),
    [(1, ()), ([], (0,)), ([[1, 2], 3], (2, 2)), ([[], []], (2, 0)), ({}, ())],
)
def test_the_shape_is_that_of_the_first_elements(value, shape):
    assert shape_of(value) == shape


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (7, "int64", ()),
        ([1, 2.5, float("inf")], "float32", (None,)),
        ([[True], [False]], "bool", (None, 1)),
        ([2**63 - 1, -(2**63)], "int64", (None,)),
        ([0, 255], "uint8", (None,)),
        ([16777215], "float32", (None,)),
        ([[0.1, 1e38]], "float64", None),
    ],
)
def test_numbers(value, dtype, shape):
    array = to_array(value, TensorSpec(dtype, shape))
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, np.array(value, dtype))


def test_strings_and_files(b64):
    array = to_array(["é", b64(b"\xff\0")], TensorSpec("string", (None,)))
    assert array.tolist() == ["é".encode(), b"\xff\0"]


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (2**63, "int64", "Type: Number is not of expected type: int64"),
        (-1, "uint8", "JSON Value: -1"),
        (1.0, "int32", "JSON Value: 1.0"),
        (True, "int32", "Type: True"),
        (True, "float32", "not of expected type: float$"),
        (1, "bool", "not of expected type: bool"),
        ("1", "float32", "Type: String"),
        (None, "float32", "Type: Null"),
        ({"a": 1}, "float32", "Type: Object"),
        (2**24 + 1, "float32", "to float without loss of precision"),
        (10**400, "float64", "to double without loss of precision"),
        (1e39, "float32", r"Cannot convert JSON value: 1e\+39 to float"),
        ({"b64": "a", "c": 1}, "string", "for base64 data"),
    ],
)
def test_other_types_are_refused(value, dtype, message):
    with pytest.raises(RestError, match=message) as error:
        convert([value], dtype)
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("value", "shape", "message"),
    [
        ([1, 2], (), r"Expecting shape \[\] but got: \[2\]"),
        (1, (None,), r"Expecting shape \[\?\] but got: \[\]"),
        ([1, 2], (3,), r"Expecting shape \[3\] but got: \[2\]"),
        ([[1], 2], (None, None), "incorrect level: 2 .* Expected at level: 2"),
        ([[1], [2, 3]], (None, None), "unexpected size: 2 at level: 1"),
        ([1, [2]], (None,), "list at unexpected level: 1 expected < 1"),
    ],
)
def test_other_shapes_are_refused(value, shape, message):
    with pytest.raises(RestError, match=message):
        to_array(value, TensorSpec("int32", shape))


@pytest.mark.parametrize("text", ["/+8=", "/+8", " /\n+\t8 = "])
def test_base64_is_decoded(text):
    assert decode_base64(text) == b"\xff\xef"


@pytest.mark.parametrize("text", ["_-8=", "a", "é", "ab\0c", "a=bc"])
def test_other_base64_is_refused(text):
    with pytest.raises(RestError, match="Unable to base64 decode"):
        decode_base64(text)


def test_only_a_text_of_this_name_is_base64():
    assert is_base64({"b64": ""})
    for other in ({"b64": 1}, {"b64": "", "a": 1}, {}, "b64", None):
        assert not is_base64(other)
