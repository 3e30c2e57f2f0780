"""A request to predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_imgdesc.serving.json_document import parse_object, shown
from keras_imgdesc.serving.json_values import (
    check_shape,
    convert,
    is_base64,
    shape_of,
    to_array,
)
from keras_imgdesc.serving.rest_error import RestError, invalid
from keras_imgdesc.serving.tensor_spec import (
    DEFAULT_SIGNATURE,
    SignatureSpec,
    TensorSpec,
)

SIGNATURE, ROWS, COLUMNS = "signature_name", "instances", "inputs"


@dataclass(frozen=True)
class PredictRequest:
    """What a client wants to have predicted.

    Attributes:
        signature: name of the signature.
        is_row: whether the inputs came row by row (`instances`), and the outputs are
            to be returned so.
        inputs: arrays by the names of the inputs.
    """

    signature: str
    is_row: bool
    inputs: dict[str, np.ndarray]

    @property
    def num_rows(self) -> int:
        """The largest number of rows of an input."""
        return max((len(x) for x in self.inputs.values() if x.ndim), default=1)


def parse_predict(
    body: bytes, signatures: Mapping[str, SignatureSpec], most_rows: int
) -> PredictRequest:
    """Parse the body of a request to predict, in row or column form.

    Args:
        body: JSON in UTF-8.
        signatures: the signatures of the model.
        most_rows: the largest number of rows that an input may have.

    Raises:
        RestError: the body is not such a request, or does not fit the signature.
    """
    document = parse_object(body)
    signature = _signature_name(document) or DEFAULT_SIGNATURE
    if signature not in signatures:
        raise invalid(
            f'Serving signature name: "{signature}" not found in signature def'
        )
    specs = signatures[signature].inputs
    if ROWS in document and COLUMNS in document:
        raise invalid(
            "JSON Value: ",
            shown(document),
            f" Not formatted correctly expecting only one of '{COLUMNS}' or '{ROWS}' "
            "keys to exist ",
        )
    if ROWS in document:
        inputs = _read_rows(document, specs, most_rows)
    elif COLUMNS in document:
        inputs = _read_columns(document[COLUMNS], specs)
    else:
        raise invalid(f"Missing '{COLUMNS}' or '{ROWS}' key")
    request = PredictRequest(signature, ROWS in document, inputs)
    if request.num_rows > most_rows:
        raise _too_many(request.num_rows, most_rows)
    return request


def parse_examples(body: bytes) -> str:
    """Parse the body of a request to classify or to regress.

    Args:
        body: JSON in UTF-8.

    Returns:
        The name of the signature.

    Raises:
        RestError: the body is not such a request.
    """
    document = parse_object(body)
    signature = _signature_name(document) or DEFAULT_SIGNATURE
    place = f"JSON Value: {shown(document)}"
    if "examples" not in document:
        raise invalid(
            place,
            " When method is classify, key 'examples' is expected and was not found",
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(place, " Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(place, " 'examples' value is an empty array")
    for example in examples:
        if not isinstance(example, dict):
            raise invalid("Example must be JSON object but got JSON ", shown(example))
    return signature


def _signature_name(document: dict[str, Any]) -> str:
    name = document.get(SIGNATURE, "")
    if not isinstance(name, str):
        raise invalid(
            "JSON Value: ",
            shown(document),
            f" not formatted correctly. '{SIGNATURE}' key must be a string value.",
        )
    return name


def _read_columns(value: Any, specs: dict[str, TensorSpec]) -> dict[str, np.ndarray]:
    if not isinstance(value, dict) or is_base64(value):
        if len(specs) > 1:
            raise invalid(
                f"{COLUMNS} is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        ((name, spec),) = specs.items()
        return {name: to_array(value, spec)}
    inputs = {}
    for name, spec in specs.items():
        if name not in value:
            raise invalid(f"Missing named input: {name} in '{COLUMNS}' object.")
        inputs[name] = to_array(value[name], spec)
    return inputs


def _read_rows(
    document: dict[str, Any], specs: dict[str, TensorSpec], most_rows: int
) -> dict[str, np.ndarray]:
    rows = document[ROWS]
    if not isinstance(rows, list):
        raise invalid(
            "JSON Value: ", shown(document), f" Excepting '{ROWS}' to be an list/array"
        )
    if not rows:
        raise invalid("JSON Value: ", shown(document), f" No values in '{ROWS}' array")
    if len(rows) > most_rows:
        raise _too_many(len(rows), most_rows)
    if not isinstance(rows[0], dict) and len(specs) > 1:
        raise invalid(
            f"{ROWS} is a plain list, but expecting list of objects as multiple input "
            "tensors required as per tensorinfo_map"
        )
    if not _is_object(rows[0]):
        for index, row in enumerate(rows):
            if _is_object(row):
                raise invalid(
                    f"Expecting value/list but got object at item {index} of input list"
                )
        ((name, spec),) = specs.items()
        return {name: _stack(rows, name, spec, "")}
    for index, row in enumerate(rows):
        _check_names(row, index, set(specs))
    return {
        name: _stack([row[name] for row in rows], name, spec, f" key: {name}")
        for name, spec in specs.items()
    }


def _check_names(row: Any, index: int, names: set[str]) -> None:
    if not _is_object(row):
        raise invalid(f"Expecting object but got list at item {index} of input list")
    for name in row:
        if name not in names:
            raise invalid(
                f"Failed to process element: {index} key: {name} of '{ROWS}' list. "
                "Error: Invalid argument: JSON object: does not have named input: "
                f"{name}"
            )
    if set(row) != names:
        raise invalid(
            f"Failed to process element: {index} of '{ROWS}' list. JSON object: "
            f"{shown(row)} must only have keys: {','.join(sorted(names))}"
        )


def _stack(values: list[Any], name: str, spec: TensorSpec, key: str) -> np.ndarray:
    """Return the values of an input in all rows as one array."""
    shape = shape_of(values[0])
    check_shape((len(values), *shape), spec)
    try:
        if not shape:
            return convert(values, spec.dtype)
        row = TensorSpec(spec.dtype, shape)
        return np.stack([to_array(value, row) for value in values])
    except RestError as error:
        index = _first_wrong(values, spec.dtype, shape)
        raise invalid(
            f"Failed to process element: {index}{key} of '{ROWS}' list. Error: "
            f"Invalid argument: {error.message}"
        ) from None


def _first_wrong(values: list[Any], dtype: str, shape: tuple[int, ...]) -> int:
    for index, value in enumerate(values):
        try:
            to_array(value, TensorSpec(dtype, shape))
        except RestError:
            return index
    return 0


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _too_many(count: int, most: int) -> RestError:
    return invalid(f"A request may have at most {most} instances. Received: {count}")
