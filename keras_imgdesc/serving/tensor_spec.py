"""What a model takes and returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PREDICT = "tensorflow/serving/predict"
DEFAULT_SIGNATURE = "serving_default"

# TensorFlow's names of dtypes, by NumPy's; bytes are objects in NumPy.
TENSORFLOW_DTYPES = {
    "string": "DT_STRING",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "int8": "DT_INT8",
    "int16": "DT_INT16",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "uint8": "DT_UINT8",
    "uint16": "DT_UINT16",
    "uint32": "DT_UINT32",
    "uint64": "DT_UINT64",
    "bool": "DT_BOOL",
}


@dataclass(frozen=True)
class TensorSpec:
    """Dtype and shape of an input or output.

    Args:
        dtype: a key of `TENSORFLOW_DTYPES`.
        shape: sizes; None is any. None as a whole is any rank.
    """

    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def numpy_dtype(self) -> np.dtype:
        """The dtype of arrays with these values; strings are objects."""
        return np.dtype(object if self.dtype == "string" else self.dtype)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Return whether a tensor may have a shape."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            expected in (None, size)
            for size, expected in zip(shape, self.shape, strict=True)
        )

    def describe(self) -> str:
        """Return the shape in TensorFlow's way of writing it, as `[?,3]`."""
        if self.shape is None:
            return "<unknown>"
        return f"[{','.join('?' if n is None else str(n) for n in self.shape)}]"


@dataclass(frozen=True)
class SignatureSpec:
    """Inputs and outputs of a signature, by name and in order.

    Args:
        inputs: specifications of the inputs.
        outputs: specifications of the outputs.
    """

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]

    @property
    def has_rows(self) -> bool:
        """Whether rows of several requests can be computed as one batch.

        Then all tensors have a first axis of any size, the outputs have no other one,
        and a row of the outputs depends on the same row of the inputs alone. A score
        of n images and m texts has two such axes.
        """
        tensors = [*self.inputs.values(), *self.outputs.values()]
        if not all(t.shape and t.shape[0] is None for t in tensors):
            return False
        return all(None not in (t.shape or ())[1:] for t in self.outputs.values())
