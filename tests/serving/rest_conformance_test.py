"""Requests of TensorFlow Serving's REST documentation, against a server that runs.

Bodies and answers are built and read with the messages of `tensorflow-serving-api`.
Each case is tried on LiteRT, and in `make test-all` on a SavedModel.
"""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from keras_imgdesc.lite import LiteCaptioner

MODEL = "/v1/models/captioner"
PREDICT = f"{MODEL}:predict"


@pytest.fixture(
    params=["LiteRT", pytest.param("SavedModel", marks=pytest.mark.slow)],
    scope="session",
)
def server(request):
    name = {"LiteRT": "lite_server", "SavedModel": "saved_model_server"}
    return request.getfixturevalue(name[request.param])


@pytest.fixture(scope="module")
def expected(picture):
    return LiteCaptioner.from_preset("scenes_lstm").generate(
        picture, return_attention=True
    )


def message(signature="", **inputs):
    """Return a request as a client of gRPC builds it."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "captioner"
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def as_json(value):
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return [as_json(x) for x in value] if isinstance(value, list) else value


def rest_body(request, form):
    """Return a message in the row or the column form."""
    columns = {
        name: as_json(tf.make_ndarray(tensor).tolist())
        for name, tensor in request.inputs.items()
    }
    body = {}
    if request.model_spec.signature_name:
        body["signature_name"] = request.model_spec.signature_name
    if form == "rows":
        rows = zip(*columns.values(), strict=True)
        body["instances"] = [dict(zip(columns, row, strict=True)) for row in rows]
    elif form == "plain rows":
        (body["instances"],) = columns.values()
    elif form == "columns":
        body["inputs"] = columns
    else:
        (body["inputs"],) = columns.values()
    return body


def response(server, reply, signature="serving_default"):
    """Return an answer as the message that a client of gRPC would get."""
    assert reply.status == 200, reply.body[:500]
    assert reply.headers["content-type"] == "application/json"
    found = reply.json
    (key,) = found
    columns = found[key]
    if key == "predictions":
        columns = {name: [row[name] for row in columns] for name in columns[0]}
    outputs = definitions(server).signature_def[signature].outputs
    assert set(columns) == set(outputs)
    message = predict_pb2.PredictResponse()
    for name, info in outputs.items():
        dtype = tf.as_dtype(info.dtype)
        tensor = tf.make_tensor_proto(columns[name], dtype)
        # What the server tells of its outputs must be so.
        assert tf.TensorShape(info.tensor_shape).is_compatible_with(
            tf.TensorShape(tensor.tensor_shape)
        )
        message.outputs[name].CopyFrom(tensor)
    return {name: tf.make_ndarray(t) for name, t in message.outputs.items()}


def definitions(server):
    found = server.request("GET", f"{MODEL}/metadata").json
    assert found["model_spec"] == {
        "name": "captioner",
        "signature_name": "",
        "version": "1",
    }
    return json_format.ParseDict(
        found["metadata"]["signature_def"], get_model_metadata_pb2.SignatureDefMap()
    )


FORMS = ("rows", "plain rows", "columns", "plain columns")


@pytest.mark.parametrize("form", FORMS)
def test_captions_in_every_form(server, picture, expected, form):
    request = message(image_bytes=[picture, b"no image", picture])
    outputs = response(server, server.predict("captioner", rest_body(request, form)))
    text = expected.text.encode()
    assert outputs["caption"].tolist() == [text, b"", text]
    np.testing.assert_allclose(outputs["log_prob"][0], expected.log_prob, atol=0.5)
    assert outputs["log_prob"][1] == 0 and not outputs["attention"][1].any()
    length = len(expected.attention)
    np.testing.assert_allclose(
        outputs["attention"][0, :length], expected.attention, atol=0.1
    )
    assert not outputs["attention"][0, length:].any()
    assert outputs["error"][0] == b"" and b"An image must be" in outputs["error"][1]


@pytest.mark.parametrize("form", FORMS)
def test_pixels_in_every_form(server, form):
    images = np.zeros((2, 8, 6, 3), np.uint8)
    images[1, 2:5] = 255
    request = message("pixels", image=images)
    outputs = response(
        server, server.predict("captioner", rest_body(request, form)), "pixels"
    )
    assert all(outputs["caption"]) and (outputs["log_prob"] < 0).all()


@pytest.mark.parametrize(
    "path", [PREDICT, f"{MODEL}/versions/1:predict", "/V1/Models/captioner:PREDICT"]
)
@pytest.mark.parametrize("signature", ["", "serving_default"])
def test_addresses_of_a_version_and_signature(server, picture, path, signature):
    request = message(signature, image_bytes=[picture])
    reply = server.request("POST", path, rest_body(request, "rows"))
    assert response(server, reply)["error"] == [b""]


def test_base64_needs_no_padding_and_may_have_lines(server, picture):
    text = base64.encodebytes(picture).decode().rstrip("=\n")
    reply = server.predict("captioner", {"instances": [{"b64": text}]})
    assert response(server, reply)["error"] == [b""]


def test_base64_without_its_wrapper_is_named_for_its_image(server, picture, b64):
    text = b64(picture)["b64"]
    outputs = response(server, server.predict("captioner", {"instances": [text]}))
    assert b'{"b64": "..."}' in outputs["error"][0]


def test_status_is_the_message_of_tensorflow_serving(server):
    for path in (MODEL, f"{MODEL}/versions/1"):
        reply = server.request("GET", path)
        status = json_format.ParseDict(
            reply.json, get_model_status_pb2.GetModelStatusResponse()
        )
        (version,) = status.model_version_status
        assert reply.status == 200 and version.version == 1
        assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
        assert version.status.error_code == 0


def test_metadata_is_the_message_of_tensorflow_serving(server):
    found = definitions(server).signature_def
    default = found["serving_default"]
    assert default.method_name == "tensorflow/serving/predict"
    (files,) = default.inputs.values()
    assert files.dtype == tf.string.as_datatype_enum
    assert [d.size for d in files.tensor_shape.dim] == [-1]
    assert {"caption", "log_prob", "attention", "error"} <= set(default.outputs)
    assert found["pixels"].inputs["image"].dtype == tf.uint8.as_datatype_enum
    of_version = server.request("GET", f"{MODEL}/versions/1/metadata")
    assert of_version.json == server.request("GET", f"{MODEL}/metadata").json


PIXELS = {"signature_name": "pixels"}
GOOD = {"image_bytes": {"b64": "eA=="}}
EXAMPLES = {"examples": [{"x": 1.0}]}
# Name, method, path, body, status, part of the message.
ERRORS = [
    ("status of no model", "GET", "/v1/models", None, 400, "Missing model name"),
    ("no such path", "GET", "/v1/foo", None, 400, "Malformed request: GET /v1/foo"),
    ("no such path by POST", "POST", "/v1/foo", {}, 400, "Malformed request"),
    ("deeper path", "GET", f"{MODEL}/x/y", None, 400, "Malformed request"),
    ("models by POST", "POST", "/v1/models", {}, 400, "Malformed request"),
    ("predict by GET", "GET", PREDICT, None, 400, "Malformed request"),
    ("predict by PUT", "PUT", PREDICT, {}, 400, "Malformed request: PUT"),
    ("metadata by POST", "POST", f"{MODEL}/metadata", {}, 400, "Malformed request"),
    ("no such method", "POST", f"{MODEL}:guess", {}, 400, "Malformed request"),
    (
        *("word as version", "POST", f"{MODEL}/versions/HELLO:predict", {}, 400),
        "Malformed request",
    ),
    (
        *("version of 64 bits", "POST", f"{MODEL}/versions/{2**64 - 1}:predict", {}),
        *(400, "Failed to convert version"),
    ),
    (
        *("version and label", "POST", f"{MODEL}/versions/1/labels/a:predict", {}, 400),
        "Malformed request",
    ),
    (
        *("unknown label", "POST", f"{MODEL}/labels/a:predict", {}, 400),
        "Unrecognized servable version label: a",
    ),
    (
        *("status of an unknown model", "GET", "/v1/models/nobody", None, 404),
        "Could not find any versions of model nobody",
    ),
    (
        *("status of an unknown version", "GET", f"{MODEL}/versions/9", None, 404),
        "Could not find version 9 of model captioner",
    ),
    (
        *("metadata of an unknown model", "GET", "/v1/models/nobody/metadata", None),
        *(404, "Servable not found for request: Latest(nobody)"),
    ),
    (
        *(
            "unknown model",
            "POST",
            "/v1/models/nobody:predict",
            {"instances": [1]},
            404,
        ),
        "Servable not found for request: Latest(nobody)",
    ),
    (
        *("unknown version", "POST", f"{MODEL}/versions/9:predict", {}, 404),
        "Servable not found for request: Specific(captioner, 9)",
    ),
    (
        "empty body",
        "POST",
        PREDICT,
        b"",
        400,
        "JSON Parse error: The document is empty",
    ),
    ("no JSON", "POST", PREDICT, b"instances = [1, 2]", 400, "JSON Parse error"),
    ("half a document", "POST", PREDICT, b'{"instances": [', 400, "JSON Parse error"),
    ("text behind it", "POST", PREDICT, b"{} {}", 400, "JSON Parse error"),
    ("not UTF-8", "POST", PREDICT, b'{"instances": ["\xff"]}', 400, "JSON Parse error"),
    ("UTF-16", "POST", PREDICT, "{}".encode("utf-16"), 400, "JSON Parse error"),
    ("nested lists", "POST", PREDICT, b"[" * 100_000, 400, "nested too deeply"),
    (
        *("nested objects", "POST", PREDICT, b'{"a":' * 100_000, 400),
        "nested too deeply",
    ),
    (
        *("nested instances", "POST", PREDICT),
        b'{"instances": ' + b"[" * 500 + b"]" * 500 + b"}",
        *(400, "Expecting shape [?]"),
    ),
    (
        *("long number", "POST", PREDICT, b'{"instances": [' + b"9" * 10_000 + b"]}"),
        *(400, "JSON Parse error"),
    ),
    (
        *("half of a pair", "POST", PREDICT, b'{"instances": ["\\ud800"]}', 400),
        "The surrogate pair in string is invalid",
    ),
    ("list as document", "POST", PREDICT, [1], 400, "Is not object"),
    ("number as document", "POST", PREDICT, b"NaN", 400, "JSON Value: NaN"),
    (
        *("number as signature_name", "POST", PREDICT, {"signature_name": 100}, 400),
        "'signature_name' key must be a string value.",
    ),
    (
        *("unknown signature", "POST", PREDICT),
        {"signature_name": "fly", "instances": [GOOD]},
        *(400, 'Serving signature name: "fly" not found in signature def'),
    ),
    ("no inputs", "POST", PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
    (
        *("both forms", "POST", PREDICT, {"instances": [GOOD], "inputs": ["x"]}, 400),
        "expecting only one of 'inputs' or 'instances'",
    ),
    ("instances no list", "POST", PREDICT, {"instances": "x"}, 400, "list/array"),
    (
        *("no instances", "POST", PREDICT, {"instances": []}, 400),
        "No values in 'instances' array",
    ),
    ("empty columns", "POST", PREDICT, {"inputs": []}, 400, "at least one image"),
    (
        *("number for a string", "POST", PREDICT, {"instances": [1]}, 400),
        "Type: Number is not of expected type: string",
    ),
    (
        *("null for a string", "POST", PREDICT, {"inputs": [None]}, 400),
        "JSON Value: null Type: Null is not of expected type: string",
    ),
    (
        *("true for a string", "POST", PREDICT, {"inputs": [True]}, 400),
        "Type: True is not of expected type: string",
    ),
    (
        *("NaN for a string", "POST", PREDICT, {"inputs": [float("nan")]}, 400),
        "JSON Value: NaN Type: Number is not of expected type: string",
    ),
    (
        *("scalar for a column", "POST", PREDICT, {"inputs": "x"}, 400),
        "Expecting shape [?] but got: []",
    ),
    (
        *("list in a row", "POST", PREDICT, {"instances": [["x"]]}, 400),
        "Expecting shape [?] but got: [1,1]",
    ),
    (
        *("wrong base64", "POST", PREDICT, {"instances": [{"b64": "?"}]}, 400),
        "Unable to base64 decode",
    ),
    (
        *("base64 for addresses", "POST", PREDICT, {"inputs": [{"b64": "_-8="}]}, 400),
        "Unable to base64 decode",
    ),
    (
        *("base64 of one letter", "POST", PREDICT, {"inputs": [{"b64": "abcde"}]}, 400),
        "Unable to base64 decode",
    ),
    (
        *("number as base64", "POST", PREDICT),
        {"instances": [{"image_bytes": {"b64": 1}}]},
        *(400, "not formatted correctly for base64 data"),
    ),
    (
        *("unknown input", "POST", PREDICT, {"instances": [{"x": "y"}]}, 400),
        "JSON object: does not have named input: x",
    ),
    (
        *("input left out of a row", "POST", PREDICT, {"instances": [GOOD, {}]}, 400),
        "must only have keys: image_bytes",
    ),
    (
        *("missing column", "POST", PREDICT, {"inputs": {"x": []}}, 400),
        "Missing named input: image_bytes in 'inputs' object.",
    ),
    (
        *("text between objects", "POST", PREDICT, {"instances": [GOOD, "x"]}, 400),
        "Expecting object but got list at item 1",
    ),
    (
        *("object between texts", "POST", PREDICT, {"instances": ["x", GOOD]}, 400),
        "Expecting value/list but got object at item 1",
    ),
    (
        *("decimals as pixels", "POST", PREDICT),
        PIXELS | {"instances": [[[[0.5, 0, 0]]]]},
        *(400, "JSON Value: 0.5 Type: Number is not of expected type: uint8"),
    ),
    (
        *("pixels above 255", "POST", PREDICT, PIXELS | {"inputs": [[[[0, 0, 256]]]]}),
        *(400, "JSON Value: 256 Type: Number is not of expected type: uint8"),
    ),
    (
        *("pixels of four colours", "POST", PREDICT),
        PIXELS | {"inputs": [[[[0, 0, 0, 0]]]]},
        *(400, "Expecting shape [?,?,?,3] but got: [1,1,1,4]"),
    ),
    (
        *("lines of unequal length", "POST", PREDICT),
        PIXELS | {"inputs": [[[[0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]]},
        *(400, "Encountered list at unexpected size: 2 at level: 2 expected size: 1"),
    ),
    (
        *("images of unequal size", "POST", PREDICT),
        PIXELS | {"instances": [[[[0, 0, 0]]], [[[0, 0, 0]], [[0, 0, 0]]]]},
        *(400, "Failed to process element: 1 of 'instances' list"),
    ),
    (
        *("one list too many", "POST", PREDICT, PIXELS | {"inputs": [[[[0, 0, [0]]]]]}),
        *(400, "Encountered list at unexpected level: 4 expected < 4"),
    ),
    ("images of no pixels", "POST", PREDICT, PIXELS | {"instances": [[]]}, 400, ""),
    ("too many", "POST", PREDICT, {"instances": ["x"] * 41}, 400, "at most 40"),
    ("large", "POST", PREDICT, b" " * (5 << 20), 413, "at most 4,194,304 bytes"),
    (
        *("many lists", "POST", PREDICT, b'{"inputs": ' + b"[" * 2_000_001, 413),
        "at most 2,000,000 lists",
    ),
    (
        *("classify", "POST", f"{MODEL}:classify", EXAMPLES, 400),
        "Expected classification signature method_name to be "
        "tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ),
    (
        *("regress", "POST", f"{MODEL}:regress", EXAMPLES, 400),
        "Expected regression signature method_name to be "
        "tensorflow/serving/regress. Was: tensorflow/serving/predict",
    ),
    (
        *("classify by an unknown signature", "POST", f"{MODEL}:classify"),
        EXAMPLES | {"signature_name": "fly"},
        *(400, "No signature was found with the name: fly"),
    ),
    (
        *("classify without examples", "POST", f"{MODEL}:classify", {}, 400),
        "key 'examples' is expected and was not found",
    ),
    (
        *("classify nothing", "POST", f"{MODEL}:classify", {"examples": []}, 400),
        "'examples' value is an empty array",
    ),
    ("path of no model", "GET", "/models", None, 404, "There is no /models"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "part"),
    [pytest.param(*case[1:], id=case[0]) for case in ERRORS],
)
def test_errors(server, method, path, body, status, part):
    reply = server.request(method, path, body)
    assert reply.status == status, reply.body[:500]
    assert part in reply.error
    assert server.request("GET", "/healthz").status == 200


def test_the_clients_of_deploy_get_captions(server):
    """The Python client of `deploy/README.md`, as it is written there."""
    root = Path(__file__).parents[2]
    text = (root / "deploy" / "README.md").read_text()
    code = next(
        part.partition("```")[0]
        for part in text.split("```python\n")[1:]
        if "urllib.request" in part.partition("```")[0]
    )
    photo = root / "examples" / "photos" / "cat.jpg"
    code = code.replace("localhost:8501", f"127.0.0.1:{server.port}")
    code = code.replace('"photo.jpg"', repr(str(photo)))
    printed: list[str] = []
    exec(code, {"print": printed.append})
    assert len(printed) == 1 and printed[0]


def test_numbers_come_back_as_they_were(server, picture, b64):
    """Decimals in JSON are the float32 of the model, and never look like integers."""
    reply = server.predict("captioner", {"inputs": [b64(picture)]})
    decimals: list[str] = []

    def keep(text):
        decimals.append(text)
        return float(text)

    json.loads(reply.body, parse_float=keep, parse_int=pytest.fail)
    assert all(
        np.float32(text) == np.float32(f"{np.float32(text):.9g}") for text in decimals
    )
    assert "0.0" in decimals
