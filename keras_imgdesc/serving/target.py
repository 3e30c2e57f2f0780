"""What the path of a request says."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from keras_imgdesc.serving.rest_error import invalid

_MODEL = r"/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?"
_POST = re.compile(_MODEL + ":(classify|regress|predict)", re.I | re.A)
_GET = re.compile(
    _MODEL.replace("/([^/:]+)", "(?:/([^/:]+))?", 1) + "(?:/(metadata))?", re.I | re.A
)


class Target(NamedTuple):
    """What a request is for.

    Attributes:
        model: name of the model, as it was written.
        version: its version; None means the newest, or all.
        method: `"predict"`, `"classify"`, `"regress"`, `"status"` or `"metadata"`.
    """

    model: str
    version: int | None
    method: str


def read_target(method: str, path: str) -> Target:
    """Read the path of a request to a model.

    Args:
        method: the method of HTTP.
        path: the path, not decoded.

    Raises:
        RestError: TensorFlow Serving has no such path.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if match is None:
        raise invalid(f"Malformed request: {method} {path}")
    name, number, label, what = match.groups()
    if name is None:
        raise invalid("Missing model name in request.")
    if label is not None:
        raise invalid("Unrecognized servable version label: ", unquote(label))
    if number is not None and int(number) >= 1 << 63:
        raise invalid(f"Failed to convert version: {number} to numeric.")
    version = None if number is None else int(number)
    return Target(unquote(name), version, what.lower() if what else "status")
