"""Paths are read as TensorFlow Serving reads them."""

import pytest

from keras_imgdesc.serving.rest_error import RestError
from keras_imgdesc.serving.target import read_target


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/models/a", ("a", None, "status")),
        ("GET", "/v1/models/a/versions/12", ("a", 12, "status")),
        ("GET", "/v1/models/a/metadata", ("a", None, "metadata")),
        ("GET", "/v1/models/a/versions/1/metadata", ("a", 1, "metadata")),
        ("POST", "/v1/models/a:predict", ("a", None, "predict")),
        ("POST", "/V1/MODELS/A/Versions/3:Classify", ("A", 3, "classify")),
        ("POST", "/v1/models/a%20b%2Fc:regress", ("a b/c", None, "regress")),
    ],
)
def test_paths(method, path, expected):
    assert read_target(method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/models", "Missing model name"),
        ("GET", "/v1/models/", "Malformed request: GET /v1/models/"),
        ("GET", "/v1/models/a/", "Malformed request"),
        ("POST", "/v1/models/a", "Malformed request: POST"),
        ("GET", "/v1/models/a:predict", "Malformed request"),
        ("DELETE", "/v1/models/a", "Malformed request: DELETE"),
        ("GET", "/v1/models/a/versions/x", "Malformed request"),
        ("GET", "/v1/models/a/versions/\u0661", "Malformed request"),
        ("GET", f"/v1/models/a/versions/{2**63}", "Failed to convert version"),
        ("POST", "/v1/models/a/labels/b%20c:predict", "version label: b c"),
    ],
)
def test_other_paths_are_refused(method, path, message):
    with pytest.raises(RestError, match=message) as error:
        read_target(method, path)
    assert error.value.status == 400
