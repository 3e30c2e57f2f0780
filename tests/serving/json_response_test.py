"""Arrays become JSON."""

import json

import numpy as np
import pytest

from keras_imgdesc.serving.json_response import error_json, predict_json
from keras_imgdesc.serving.rest_error import RestError


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_rows_and_columns():
    outputs = {
        "text": strings(b"a", "é\n".encode()),
        "image_bytes": strings(b"\xff", b""),
        "number": np.array([[1, 2], [3, 4]], np.uint8),
        "is_good": np.array([True, False]),
    }
    assert json.loads(predict_json(outputs, True)) == {
        "predictions": [
            {
                "text": "a",
                "image_bytes": {"b64": "/w=="},
                "number": [1, 2],
                "is_good": True,
            },
            {
                "text": "é\n",
                "image_bytes": {"b64": ""},
                "number": [3, 4],
                "is_good": False,
            },
        ]
    }
    assert json.loads(predict_json(outputs, False)) == {
        "outputs": {
            "text": ["a", "é\n"],
            "image_bytes": [{"b64": "/w=="}, {"b64": ""}],
            "number": [[1, 2], [3, 4]],
            "is_good": [True, False],
        }
    }


def test_a_single_output_has_no_name():
    outputs = {"score": np.array([[0.5], [2.0]], np.float32)}
    assert predict_json(outputs, True) == b'{"predictions": [[0.5], [2.0]]}'
    assert predict_json(outputs, False) == b'{"outputs": [[0.5], [2.0]]}'


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_decimals_are_those_of_the_array(dtype):
    values = np.array([0.1, 1 / 3, 1e-42, 16777216, -0.0, 3e38], dtype)
    text = predict_json({"x": values}, False).decode()
    back = np.array(json.loads(text)["outputs"], dtype)
    assert back.tobytes() == values.tobytes()
    assert "16777216.0" in text and "-0.0" in text


def test_what_is_not_finite_has_the_names_of_tensorflow_serving():
    values = np.array([np.nan, np.inf, -np.inf], np.float32)
    assert predict_json({"x": values}, False) == (
        b'{"outputs": [NaN, Infinity, -Infinity]}'
    )


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 0, 3)])
def test_empty_axes(shape):
    array = np.zeros(shape, np.int32)
    found = json.loads(predict_json({"x": array}, False))["outputs"]
    assert found == array.tolist()


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, "b has inconsistent batch size: 3"),
        ({"a": np.float32(1)[()]}, "a has no shape information"),
        ({"a": np.zeros(0)}, "a has invalid batch size: 0"),
    ],
)
def test_rows_must_be_alike(outputs, message):
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    with pytest.raises(RestError, match=message) as error:
        predict_json(arrays, True)
    assert error.value.status == 400


def test_an_error_may_hold_any_text():
    message = 'a "quote"\n\ud800'
    assert json.loads(error_json(message)) == {"error": message}
