"""From JSON values to arrays, as TensorFlow Serving reads them."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np

from keras_imgdesc.serving.json_document import shown, type_name
from keras_imgdesc.serving.rest_error import RestError, invalid
from keras_imgdesc.serving.tensor_spec import TensorSpec

BASE64_KEY = "b64"
_SPACES = str.maketrans("", "", " \t\r\n\v\f")


def is_base64(value: Any) -> bool:
    """Return whether a JSON value is `{"b64": "..."}`."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and isinstance(value.get(BASE64_KEY), str)
    )


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of nested lists by the first element of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def to_array(value: Any, spec: TensorSpec) -> np.ndarray:
    """Convert a JSON value to the array that an input takes.

    Args:
        value: a value, or nested lists of them.
        spec: what the input takes.

    Returns:
        An array of `spec.numpy_dtype` with a shape that `spec` accepts.

    Raises:
        RestError: the value has another shape or type, or lists of unequal length.
    """
    shape = shape_of(value)
    check_shape(shape, spec)
    leaves: list[Any] = []
    if shape:
        _collect(value, shape, 0, leaves)
    else:
        leaves = [value]
    return convert(leaves, spec.dtype).reshape(shape)


def check_shape(shape: tuple[int, ...], spec: TensorSpec) -> None:
    """Refuse a shape that an input does not take.

    Raises:
        RestError: it has another rank, or a size that must be another.
    """
    if not spec.accepts(shape):
        sizes = ",".join(map(str, shape[:20]))
        raise invalid("Expecting shape ", spec.describe(), f" but got: [{sizes}]")


def convert(leaves: list[Any], dtype: str) -> np.ndarray:
    """Convert JSON values that are no lists to an array.

    Args:
        leaves: the values.
        dtype: the dtype of a `TensorSpec`.

    Raises:
        RestError: a value is of another type, or does not fit.
    """
    if dtype == "string":
        return _strings(leaves)
    is_float = dtype.startswith("float")
    allowed = {bool} if dtype == "bool" else {int, float} if is_float else {int}
    if set(map(type, leaves)) - allowed:
        wrong = next(leaf for leaf in leaves if type(leaf) not in allowed)
        raise _type_error(wrong, dtype)
    if dtype == "bool":
        return np.array(leaves, bool)
    return _floats(leaves, dtype) if is_float else _integers(leaves, dtype)


def _collect(value: Any, shape: tuple[int, ...], level: int, leaves: list[Any]) -> None:
    if not isinstance(value, list):
        raise invalid(
            "JSON Value: ",
            shown(value),
            f" found at incorrect level: {level + 1} in the JSON DOM. Expected at "
            f"level: {len(shape)}",
        )
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    if level + 1 < len(shape):
        for element in value:
            _collect(element, shape, level + 1, leaves)
        return
    if any(isinstance(element, list) for element in value):
        raise invalid(
            f"Encountered list at unexpected level: {level + 1} expected < {len(shape)}"
        )
    leaves.extend(value)


def _strings(leaves: list[Any]) -> np.ndarray:
    found = np.empty(len(leaves), object)
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, str):
            try:
                found[index] = leaf.encode()
            except UnicodeEncodeError:
                raise invalid(
                    "JSON Parse error: The surrogate pair in string is invalid"
                ) from None
        elif is_base64(leaf):
            found[index] = decode_base64(leaf[BASE64_KEY])
        elif isinstance(leaf, dict):
            raise invalid(
                "JSON Value: ", shown(leaf), " not formatted correctly for base64 data"
            )
        else:
            raise _type_error(leaf, "string")
    return found


def decode_base64(text: str) -> bytes:
    """Decode base64 in the standard alphabet; padding and spaces do not matter.

    Raises:
        RestError: it is something else.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        text = text.translate(_SPACES).rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        raise invalid("Unable to base64 decode") from None


def _floats(leaves: list[Any], dtype: str) -> np.ndarray:
    kind = np.finfo(dtype)
    # Above it, whole numbers are rounded.
    whole = 2 ** (kind.nmant + 1) - 1
    for leaf in leaves:
        is_rounded = isinstance(leaf, int) and abs(leaf) > whole
        if is_rounded or (float(kind.max) < abs(leaf) < float("inf")):
            target = {"float32": "float", "float64": "double"}.get(dtype, dtype)
            raise invalid(
                f"Cannot convert JSON value: {shown(leaf)} to {target} without loss "
                "of precision."
            )
    return np.array(leaves, dtype)


def _integers(leaves: list[Any], dtype: str) -> np.ndarray:
    kind = np.iinfo(dtype)
    for leaf in (min(leaves, default=0), max(leaves, default=0)):
        if not kind.min <= leaf <= kind.max:
            raise _type_error(leaf, dtype)
    return np.array(leaves, dtype)


def _type_error(value: Any, dtype: str) -> RestError:
    expected = {"float32": "float", "float64": "double"}.get(dtype, dtype)
    return invalid(
        f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected "
        f"type: {expected}"
    )
