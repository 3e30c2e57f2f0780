"""Read and change the operations and tensors of a `.tflite` file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

OPERATORS = schema.BuiltinOperator
# The version of DEQUANTIZE that reads float16.
DEQUANTIZE_VERSION = 3


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """A builder that writes equal arrays once.

    The signatures of a file share their weights, but each has its own tensors, whose
    scales and zero points would take more bytes than the rest of the graph.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        """Return the offset of an array, which is written unless it was before."""
        key = (x.dtype.str, hashlib.sha256(x.tobytes()).digest())
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]


def read_model(content: bytes | bytearray) -> Any:
    """Parse a file into objects of its schema, a `ModelT`."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        # Some tools store large buffers after the model, as files over 2 GB must.
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    return model


def write_model(model: Any) -> bytes:
    """Serialize a `ModelT` to the content of a file."""
    builder = _SharingBuilder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_kind(model: Any, op: Any) -> int:
    """Return the kind of an operation, one of `OPERATORS`."""
    code = model.operatorCodes[op.opcodeIndex]
    # Two fields, because the older one only holds numbers below 128.
    kind: int = max(code.builtinCode, code.deprecatedBuiltinCode)
    return kind


def change_operator(model: Any, op: Any, kind: int, version: int) -> None:
    """Change the kind or the version of an operation."""
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


def add_tensor(graph: Any, like: Any, name: bytes, shape: list[int]) -> int:
    """Add a tensor of the type of another one, and return its index in the graph."""
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.buffer = name, like.type, 0
    tensor.shape = np.array(shape, np.int32)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def reshape_operator(model: Any, graph: Any, before: int, after: int) -> Any:
    """Return a new operation that reshapes one tensor to the shape of another."""
    target = graph.tensors[after]
    content = schema.BufferT()
    content.data = np.array(target.shape, np.int32).view(np.uint8)
    model.buffers.append(content)
    shape = schema.TensorT()
    shape.name, shape.type = target.name + b"/shape", schema.TensorType.INT32
    shape.shape = np.array([len(target.shape)], np.int32)
    shape.buffer = len(model.buffers) - 1
    graph.tensors.append(shape)
    op = schema.OperatorT()
    op.inputs, op.outputs = [before, len(graph.tensors) - 1], [after]
    change_operator(model, op, OPERATORS.RESHAPE, 1)
    return op


def store_as_float16(model: Any, buffer: int) -> None:
    """Store a float32 constant as float16; it becomes float32 when the file is loaded.

    A constant with values too large for float16 is not changed.

    Args:
        model: the model.
        buffer: index of the constant's buffer.
    """
    values = np.asarray(model.buffers[buffer].data, np.uint8).view(np.float32)
    if np.abs(values).max() > np.finfo(np.float16).max:
        return
    model.buffers[buffer].data = values.astype(np.float16).view(np.uint8)
    for graph in model.subgraphs:
        for index, tensor in enumerate(list(graph.tensors)):
            if tensor.buffer != buffer:
                continue
            wide = add_tensor(graph, tensor, tensor.name + b"/float32", tensor.shape)
            for op in graph.operators:
                op.inputs = [wide if i == index else i for i in op.inputs]
            op = schema.OperatorT()
            op.inputs, op.outputs = [index], [wide]
            change_operator(model, op, OPERATORS.DEQUANTIZE, DEQUANTIZE_VERSION)
            graph.operators.insert(0, op)
            tensor.type = schema.TensorType.FLOAT16


def operators(model: Any, graph: Any, kinds: tuple[int, ...]) -> Iterator[Any]:
    """Yield the operations of these kinds in a graph, in order."""
    for op in graph.operators:
        if operator_kind(model, op) in kinds:
            yield op


def activation_input(kind: int) -> int:
    """Return the index of the input that holds the activations."""
    return 2 if kind == OPERATORS.TRANSPOSE_CONV else 0


def constant(model: Any, tensor: Any) -> np.ndarray | None:
    """Return the float32 values of a constant tensor; None for any other tensor."""
    data = model.buffers[tensor.buffer].data
    if data is None or tensor.type != schema.TensorType.FLOAT32:
        return None
    return np.asarray(data, np.uint8).view(np.float32).reshape(tensor.shape)


def signatures_taking(model: Any, names: Iterable[str]) -> dict[int, str]:
    """Return the names of the signatures with exactly these inputs, by subgraph index.

    The subgraph with the fewest operations comes first.
    """
    found = {
        signature.subgraphIndex: signature.signatureKey.decode()
        for signature in model.signatureDefs
        if {tensor.name.decode() for tensor in signature.inputs} == set(names)
    }
    return dict(
        sorted(found.items(), key=lambda g: len(model.subgraphs[g[0]].operators))
    )
