"""From arrays to the JSON of a response."""

from __future__ import annotations

import binascii
import json
from typing import Any

import numpy as np

from keras_imgdesc.serving.rest_error import invalid

# Strings with such names are bytes.
BYTES_SUFFIX = "_bytes"
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def predict_json(outputs: dict[str, np.ndarray], is_row: bool) -> bytes:
    """Return the response to a request to predict.

    Args:
        outputs: arrays by the names of the outputs; arrays of objects hold bytes.
        is_row: whether the request had the row form.

    Raises:
        RestError: the row form was asked for, and the outputs do not have the same
            number of rows.
    """
    if is_row:
        return f'{{"predictions": {_rows(outputs)}}}'.encode()
    columns = {name: _nested(name, array)[0] for name, array in outputs.items()}
    if len(columns) == 1:
        (text,) = columns.values()
    else:
        text = _object(columns)
    return f'{{"outputs": {text}}}'.encode()


def to_json(document: Any) -> bytes:
    """Return a document as JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def error_json(message: str) -> bytes:
    """Return the body of an error."""
    # A message may repeat what came in, also halves of surrogate pairs.
    return json.dumps({"error": message}).encode()


def _rows(outputs: dict[str, np.ndarray]) -> str:
    count = 0
    for name, array in outputs.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if not len(array):
            raise invalid(f"Tensor name: {name} has invalid batch size: 0")
        if count and len(array) != count:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} "
                f"expecting: {count}"
            )
        count = len(array)
    columns = {name: _nested(name, array, 1) for name, array in outputs.items()}
    if len(columns) == 1:
        (rows,) = columns.values()
    else:
        rows = [
            _object(dict(zip(columns, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        ]
    return f"[{', '.join(rows)}]"


def _object(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(k)}: {v}" for k, v in values.items()) + "}"


def _nested(name: str, array: np.ndarray, axis: int = 0) -> list[str]:
    """Return the JSON of an array from an axis on: one text for each element before."""
    texts = _texts(name, array.ravel())
    for last in range(array.ndim - 1, axis - 1, -1):
        size, count = array.shape[last], int(np.prod(array.shape[:last]))
        texts = [
            "[" + ", ".join(texts[i * size : (i + 1) * size]) + "]"
            for i in range(count)
        ]
    return texts


def _texts(name: str, values: np.ndarray) -> list[str]:
    if values.dtype == object:
        if name.endswith(BYTES_SUFFIX):
            return [f'{{"b64": "{_base64(value)}"}}' for value in values]
        return [
            json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False)
            for value in values
        ]
    if values.dtype == bool:
        return ["true" if value else "false" for value in values.tolist()]
    if values.dtype.kind in "iu":
        return list(map(str, values.tolist()))
    # Enough digits to get the same number back.
    form = "%.9g" if values.dtype.itemsize <= 4 else "%.17g"
    texts = [form % value for value in values.tolist()]
    # A list of decimals must not have whole numbers in it: they look like integers.
    return [
        text if "." in text or "e" in text else _NOT_FINITE.get(text) or text + ".0"
        for text in texts
    ]


def _base64(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode()
