"""The operations and tensors of a `.tflite` file, to read and to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

OPERATORS = schema.BuiltinOperator


def read_model(content: bytes | bytearray) -> Any:
    """A file as objects of its schema, a `ModelT`."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        # Some tools write what is large behind the rest, where files over 2 GB must.
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def write_model(model: Any) -> bytes:
    """A `ModelT` as the content of a file."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_kind(model: Any, op: Any) -> int:
    """Which built-in operation it is, one of `OPERATORS`."""
    code = model.operatorCodes[op.opcodeIndex]
    # Two fields, from a time when there were fewer than 128 operations.
    kind: int = max(code.builtinCode, code.deprecatedBuiltinCode)
    return kind


def change_operator(model: Any, op: Any, kind: int, version: int) -> None:
    """Makes it another built-in operation, or another version of the same."""
    for index, code in enumerate(model.operatorCodes):
        is_kind = max(code.builtinCode, code.deprecatedBuiltinCode) == kind
        if is_kind and code.version == version:
            op.opcodeIndex = index
            return
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, 127)
    code.version = version
    op.opcodeIndex = len(model.operatorCodes)
    model.operatorCodes.append(code)


def operators(model: Any, graph: Any, kinds: tuple[int, ...]) -> Iterator[Any]:
    """The operations of a graph that are of these kinds, in order."""
    for op in graph.operators:
        if operator_kind(model, op) in kinds:
            yield op


def constant(model: Any, tensor: Any) -> np.ndarray | None:
    """The float32 values of a tensor that is part of the file, or None."""
    data = model.buffers[tensor.buffer].data
    if data is None or tensor.type != schema.TensorType.FLOAT32:
        return None
    return np.asarray(data, np.uint8).view(np.float32).reshape(tensor.shape)


def image_signatures(model: Any) -> dict[int, str]:
    """Names of the signatures that take an `image` alone, by their graph.

    The graph with the fewest operations comes first.
    """
    found = {
        signature.subgraphIndex: signature.signatureKey.decode()
        for signature in model.signatureDefs
        if [tensor.name for tensor in signature.inputs] == [b"image"]
    }
    return dict(
        sorted(found.items(), key=lambda g: len(model.subgraphs[g[0]].operators))
    )
