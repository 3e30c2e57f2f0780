"""Requests are answered together where a model gains by it."""

import json

import numpy as np
import pytest

from keras_imgdesc.serving.answering import RequestAnswerer
from keras_imgdesc.serving.request import Request
from keras_imgdesc.serving.rest_error import invalid
from keras_imgdesc.serving.tensor_spec import SignatureSpec, TensorSpec

NUMBERS = TensorSpec("float32", (None,))


class Doubler:
    """Doubles numbers, and refuses negative ones."""

    gains_by_batches = True

    def __init__(self):
        rows = SignatureSpec({"x": NUMBERS}, {"y": NUMBERS})
        matrix = TensorSpec("float32", (None, None))
        self.signatures = {
            "serving_default": rows,
            "any_width": SignatureSpec({"x": matrix}, {"y": NUMBERS}),
            "product": SignatureSpec({"x": NUMBERS}, {"y": matrix}),
        }
        self.calls = []

    def run(self, signature, inputs):
        x = inputs["x"]
        self.calls.append(len(x))
        if (x < 0).any():
            raise invalid("A number is negative")
        if (x == 13).any():
            raise RuntimeError("bad luck")
        if signature == "product":
            return {"y": x[:, None] * x[None]}
        return {"y": 2 * (x.sum(1) if x.ndim == 2 else x)}


@pytest.fixture
def model():
    return Doubler()


@pytest.fixture
def answer(model):
    answerer = RequestAnswerer({("m", 1): model}, most_rows=8, max_batch=6)

    def call(*bodies):
        requests = [
            Request("m", 1, "predict", json.dumps(body).encode()) for body in bodies
        ]
        return [
            (status, json.loads(body)) for status, body in answerer.answer(requests)
        ]

    call.answerer = answerer
    return call


def rows(*values, signature="serving_default"):
    return {"signature_name": signature, "instances": list(values)}


def test_requests_that_wait_are_computed_at_once(answer, model):
    found = answer(rows(1), rows(2, 3), {"inputs": [4, 5, 6]}, rows(7))
    assert [status for status, _ in found] == [200] * 4
    assert [body for _, body in found] == [
        {"predictions": [2.0]},
        {"predictions": [4.0, 6.0]},
        {"outputs": [8.0, 10.0, 12.0]},
        {"predictions": [14.0]},
    ]
    assert model.calls == [6, 1] == answer.answerer.batches


def test_a_wrong_request_does_not_affect_the_others(answer, model):
    found = answer(rows(1), rows(-1), {"instances": "x"}, rows(2))
    assert [status for status, _ in found] == [200, 400, 400, 200]
    assert found[0][1] == {"predictions": [2.0]}
    assert found[1][1] == {"error": "A number is negative"}
    assert found[3][1] == {"predictions": [4.0]}
    assert model.calls == [3, 1, 1, 1]


def test_a_fault_is_that_of_one_request(answer, capsys):
    found = answer(rows(1), rows(13))
    assert [status for status, _ in found] == [200, 500]
    assert found[1][1] == {"error": "RuntimeError: bad luck"}
    assert "Traceback" in capsys.readouterr().err


def test_rows_of_unequal_width_are_computed_apart(answer, model):
    found = answer(
        rows([1, 2], signature="any_width"),
        rows([1], signature="any_width"),
        rows([3, 4], signature="any_width"),
    )
    assert [body["predictions"] for _, body in found] == [[6.0], [2.0], [14.0]]
    assert sorted(model.calls) == [1, 2]


def test_outputs_that_depend_on_other_rows_are_computed_apart(answer, model):
    found = answer(
        rows(1, 2, signature="product"), rows(3, signature="product"), rows(5)
    )
    assert [body["predictions"] for _, body in found] == [
        [[1.0, 2.0], [2.0, 4.0]],
        [[9.0]],
        [10.0],
    ]
    assert sorted(model.calls) == [1, 1, 2]


def test_a_model_that_does_not_gain_runs_one_by_one(answer, model):
    model.gains_by_batches = False
    found = answer(rows(1), rows(2))
    assert [body["predictions"] for _, body in found] == [[2.0], [4.0]]
    assert model.calls == [1, 1]


def test_too_many_rows_are_refused(answer):
    (first, second) = answer(rows(*range(9)), {"inputs": list(range(9))})
    assert first == second
    assert first[0] == 400 and "at most 8 instances. Received: 9" in first[1]["error"]


def test_values_keep_their_dtype(answer, model):
    model.signatures["serving_default"] = SignatureSpec(
        {"x": TensorSpec("int64", (None,))}, {"y": TensorSpec("int64", (None,))}
    )
    assert answer(rows(2**40)) == [(200, {"predictions": [2**41]})]
    assert np.int64(2**41) == 2**41
