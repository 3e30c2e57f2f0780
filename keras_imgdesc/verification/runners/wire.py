"""JSON with arrays and bytes, for the processes of `verification`.

`c_library.py` loads this file by its path: it imports nothing of the package.
"""

import base64
import json
from typing import Any

import numpy as np


def encode(value: Any) -> bytes:
    """Encode a nesting of dicts, lists, numbers, strings, bytes and arrays.

    Args:
        value: keys of dicts are strings; an array is of numbers, of booleans, or an
            object array of bytes.
    """
    return json.dumps(value, default=_encode).encode("ascii")


def decode(content: bytes) -> Any:
    """Decode the result of `encode`; tuples come back as lists."""
    return json.loads(content, object_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return {"strings": value.reshape(-1).tolist(), "shape": value.shape}
        return {
            "values": np.ascontiguousarray(value).tobytes(),
            "dtype": value.dtype.str,
            "shape": value.shape,
        }
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be encoded")


def _decode(found: dict[str, Any]) -> Any:
    if found.keys() == {"bytes"}:
        return base64.b64decode(found["bytes"])
    if found.keys() == {"strings", "shape"}:
        strings = np.empty(len(found["strings"]), object)
        strings[:] = found["strings"]
        return strings.reshape(found["shape"])
    if found.keys() == {"values", "dtype", "shape"}:
        values = np.frombuffer(found["values"], np.dtype(found["dtype"]))
        return values.reshape(found["shape"])
    return found
