"""Int8 weights for `.tflite` files, with float activations.

TensorFlow's converter can do this too. This module does more: an embedding table that
also computes the logits is stored once; weights are rounded so that the outputs change
least; and weights stay float where int8 would save few bytes and change many captions.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tensorflow.lite.python import interpreter as runtime
from tensorflow.lite.python.schema_py_generated import (
    QuantizationParametersT,
    TensorType,
)

from keras_imgdesc.export.signature import Examples
from keras_imgdesc.export.tflite.flatbuffer import (
    OPERATORS,
    add_tensor,
    change_operator,
    constant,
    operator_kind,
    operators,
    read_model,
    reshape_operator,
    signatures_taking,
    store_as_float16,
    write_model,
)
from keras_imgdesc.export.tflite.rounding import (
    LARGEST,
    round_for_inputs,
    round_keeping_sums,
    row_scales,
)

# Index of the input that holds the matrix, which has one row per output.
MATRIX_INPUT = {
    OPERATORS.CONV_2D: 1,
    OPERATORS.TRANSPOSE_CONV: 1,
    OPERATORS.FULLY_CONNECTED: 1,
    OPERATORS.GATHER: 0,
}

CONVOLUTIONS = (OPERATORS.CONV_2D, OPERATORS.TRANSPOSE_CONV)

# For each buffer of a matrix, what reads it: operation, its kind, the tensor.
Matrices = dict[int, list[tuple[Any, int, Any]]]

# The versions of the operations that read int8 rows with one scale each.
VERSIONS = {OPERATORS.CONV_2D: 5, OPERATORS.TRANSPOSE_CONV: 2}
FULLY_CONNECTED_VERSION = 12
EMBEDDING_LOOKUP_VERSION = 4

# Smaller matrices stay float, as in TensorFlow's converter. For convolutions the limit
# is higher: the first ones of a network are small, and their errors pass through all
# others; the errors of the last ones of a painter are visible. Depthwise kernels stay
# float too: they are small and would be slower.
SMALLEST = 1024
SMALLEST_CONV = 2**15 + 1


def quantize_to_dynamic(
    content: bytes, examples: Examples, exact: Sequence[str] = ()
) -> bytes:
    """Make the matrices of a float32 file int8, with one scale per row.

    Args:
        content: the float32 `.tflite` file.
        examples: inputs of one of its signatures; pointwise kernels are rounded for
            what they read then. Without examples they are rounded like all others.
        exact: names of the parts whose fully connected layers are stored as float16.

    Returns:
        The content of the new file.
    """
    model = read_model(content)
    matrices = _matrices(model)
    for index, uses in list(matrices.items()):
        if _is_exact(uses, exact):
            store_as_float16(model, index)
            del matrices[index]
    for index, _, rounded, scales in _rounded(content, model, matrices, examples):
        model.buffers[index].data = rounded.reshape(-1).view(np.uint8)
        for op, kind, tensor in matrices[index]:
            _read_int8(model, op, kind)
            tensor.type = TensorType.INT8
            tensor.quantization = QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
    for graph in model.subgraphs:
        _flatten_lookups(model, graph)
    return write_model(model)


def round_kernels(content: bytes, examples: Examples) -> bytes:
    """Round the kernels of convolutions to int8 values, stored as float32.

    A later conversion to int8, with one scale per output channel, has nothing left to
    round.

    Args:
        content, examples: see `quantize_to_dynamic`.

    Returns:
        The content of the new file.
    """
    model = read_model(content)
    matrices = {
        index: uses
        for index, uses in _matrices(model, smallest_conv=1).items()
        if uses[0][1] in CONVOLUTIONS
    }
    for index, rows, rounded, scales in _rounded(content, model, matrices, examples):
        # The largest weight of a row sets its scale: it must stay the largest.
        largest = np.arange(len(rows)), np.abs(rows).argmax(axis=1)
        rounded[largest] = LARGEST * np.sign(rows[largest])
        values = (rounded * scales[:, None]).astype(np.float32)
        model.buffers[index].data = values.reshape(-1).view(np.uint8)
    return write_model(model)


def uses_examples(content: bytes) -> bool:
    """Return whether a float32 file has matrices that are rounded with examples."""
    return any(map(_is_pointwise, _matrices(read_model(content)).values()))


def _rounded(
    content: bytes, model: Any, matrices: Matrices, examples: Examples
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the buffer of each matrix, its rows, the rows in int8, and their scales."""
    moments = _second_moments(content, model, matrices, examples) if examples else {}
    for index, uses in matrices.items():
        values = constant(model, uses[0][2])
        assert values is not None
        rows = values.reshape(len(values), -1)
        scales = row_scales(rows)
        if index in moments:
            yield index, rows, round_for_inputs(rows, scales, moments[index]), scales
        else:
            yield index, rows, round_keeping_sums(rows, scales), scales


def _matrices(model: Any, smallest_conv: int = SMALLEST_CONV) -> Matrices:
    """Return the matrices that become int8, by buffer.

    Several operations may read the same matrix. It stays float if any of them cannot
    read int8.
    """
    found: Matrices = defaultdict(list)
    refused = set()
    for graph in model.subgraphs:
        for op in graph.operators:
            kind = operator_kind(model, op)
            for place, index in enumerate(op.inputs):
                tensor = graph.tensors[index]
                values = constant(model, tensor) if index >= 0 else None
                if values is None:
                    continue
                smallest = smallest_conv if kind in CONVOLUTIONS else SMALLEST
                is_matrix = place == MATRIX_INPUT.get(kind) and values.ndim > 1
                if kind == OPERATORS.GATHER:
                    is_matrix &= values.ndim == 2 and _is_lookup(graph, op)
                if is_matrix and values.size >= smallest:
                    found[tensor.buffer].append((op, kind, tensor))
                else:
                    refused.add(tensor.buffer)
    return {index: uses for index, uses in found.items() if index not in refused}


def _is_lookup(graph: Any, op: Any) -> bool:
    """Return whether a GATHER looks up rows of a table by index."""
    options, indices = op.builtinOptions, graph.tensors[op.inputs[1]]
    is_static = indices.shape is not None and len(indices.shape) > 0
    is_static = is_static and indices.type == TensorType.INT32
    return is_static and options.axis == 0 and options.batchDims == 0


def _flatten_lookups(model: Any, graph: Any) -> None:
    """Flatten the indices of each lookup, which only takes a vector."""
    ops = []
    for op in graph.operators:
        if operator_kind(model, op) != OPERATORS.EMBEDDING_LOOKUP:
            ops.append(op)
            continue
        indices = graph.tensors[op.inputs[0]]
        if len(indices.shape) == 1:
            ops.append(op)
            continue
        rows = graph.tensors[op.outputs[0]]
        count, width = int(np.prod(indices.shape)), rows.shape[-1]
        flat = add_tensor(graph, indices, indices.name + b"/flat", [count])
        looked_up = add_tensor(graph, rows, rows.name + b"/flat", [count, width])
        ops += [
            reshape_operator(model, graph, op.inputs[0], flat),
            op,
            reshape_operator(model, graph, looked_up, op.outputs[0]),
        ]
        op.inputs, op.outputs = [flat, op.inputs[1]], [looked_up]
    graph.operators = ops


def _is_exact(uses: list[tuple[Any, int, Any]], exact: Sequence[str]) -> bool:
    _, kind, tensor = uses[0]
    # Keras appends numbers to repeated names.
    parts = {part.rstrip("_0123456789") for part in tensor.name.decode().split("/")}
    names = {name.rstrip("_0123456789") for name in exact}
    return kind == OPERATORS.FULLY_CONNECTED and bool(parts & names)


def _is_pointwise(uses: list[tuple[Any, int, Any]]) -> bool:
    _, kind, tensor = uses[0]
    return kind == OPERATORS.CONV_2D and tuple(tensor.shape[1:3]) == (1, 1)


def _read_int8(model: Any, op: Any, kind: int) -> None:
    if kind in CONVOLUTIONS:
        change_operator(model, op, kind, VERSIONS[kind])
    elif kind == OPERATORS.FULLY_CONNECTED:
        change_operator(model, op, kind, FULLY_CONNECTED_VERSION)
        op.builtinOptions.asymmetricQuantizeInputs = True
    else:
        # GATHER supports only one scale for the whole table.
        change_operator(model, op, OPERATORS.EMBEDDING_LOOKUP, EMBEDDING_LOOKUP_VERSION)
        op.inputs = [op.inputs[1], op.inputs[0]]
        op.builtinOptionsType, op.builtinOptions = 0, None


def _second_moments(
    content: bytes,
    model: Any,
    matrices: Matrices,
    examples: Examples,
) -> dict[int, np.ndarray]:
    """Return the mean of x x^T over the inputs of each pointwise kernel, by buffer."""
    pointwise = {index for index, uses in matrices.items() if _is_pointwise(uses)}
    signatures = signatures_taking(model, examples[0])
    if not pointwise or not signatures:
        return {}
    subgraph, name = next(iter(signatures.items()))
    graph = model.subgraphs[subgraph]
    reads = {
        graph.tensors[op.inputs[1]].buffer: op.inputs[0]
        for op in operators(model, graph, (OPERATORS.CONV_2D,))
        if graph.tensors[op.inputs[1]].buffer in pointwise
    }
    with warnings.catch_warnings():
        # TensorFlow announces that its LiteRT will move to another package, which may
        # not be installed where models are exported.
        warnings.filterwarnings("ignore", message=r"(?s).*tf\.lite\.Interpreter")
        interpreter = runtime.Interpreter(
            model_content=content,
            # The tensors inside a delegate cannot be read.
            experimental_op_resolver_type=(
                runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
            experimental_preserve_all_tensors=True,
            num_threads=2,
        )
    run = interpreter.get_signature_runner(name)
    sums: dict[int, Any] = defaultdict(float)
    for example in examples:
        run(**example)
        for buffer, index in reads.items():
            values = interpreter.get_tensor(index, subgraph)
            pixels = values.reshape(-1, values.shape[-1])
            sums[buffer] += (pixels.T @ pixels) / (len(pixels) * len(examples))
    return dict(sums)
