"""Full int8 for `.tflite` files with a loop inside.

TensorFlow's converter cannot calibrate a graph with a beam search: it wants to watch
the tensors of the loop's body. Here the ranges are read from LiteRT itself, of the
convolutions, which come before the loop; `ai-edge-quantizer` does the rest.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.export.signature import Examples
from keras_imgdesc.export.tflite.dynamic_int8 import (
    CONVOLUTIONS,
    SMALLEST_CONV,
    quantize_to_dynamic,
    round_kernels,
)
from keras_imgdesc.export.tflite.flatbuffer import (
    OPERATORS,
    activation_input,
    constant,
    operator_kind,
    operators,
    read_model,
    signatures_taking,
    write_model,
)

# Depthwise convolutions stay float: they have a hundredth of a MobileNet's weights, and
# in int8 they cost more captions than all the rest, without being faster.
# Each with its name in `ai-edge-quantizer`.
STATIC = {
    OPERATORS.CONV_2D: "CONV_2D",
    OPERATORS.TRANSPOSE_CONV: "CONV_2D_TRANSPOSE",
    OPERATORS.MAX_POOL_2D: "MAX_POOL_2D",
    OPERATORS.PAD: "PAD",
}

# The bias of a channel is an int32 of the scale of its input times that of its
# kernel: of a channel whose kernel is zero it would overflow.
SMALLEST_KERNEL = 1e-4


def quantize_to_int8(
    content: bytes, examples: Examples, exact: Sequence[str] = ()
) -> bytes:
    """Makes weights and activations of a float32 file int8.

    Convolutions compute in int8 from end to end, each channel of a kernel with a scale
    of its own; depthwise ones in float, and so do small transposed ones, which paint
    the pixels: these would have no more shades than 256 over their whole range. The
    rest is as in a "dynamic" file: fully
    connected layers take the range of their inputs as they come, since a sentence has
    no fixed range.

    Args:
        content: a float32 `.tflite` file.
        examples: inputs of one of its signatures.
        exact: see `quantize_to_dynamic`.

    Raises:
        InputError: `ai-edge-quantizer` is not installed.
    """
    try:
        from ai_edge_quantizer import qtyping, quantizer
    except ImportError:
        raise InputError(
            "Full int8 is made by ai-edge-quantizer",
            "Install it with `pip install 'keras-imgdesc[int8]'`",
            quantize="int8",
        ) from None
    content = round_kernels(_without_zero_kernels(content), examples)
    model = read_model(content)
    work = quantizer.Quantizer(bytearray(content))
    operation = qtyping.TFLOperationName
    for graph in model.subgraphs:
        for op in _static_operators(model, graph):
            work.add_static_config(
                f"^{re.escape(_name(graph.tensors[op.outputs[0]]))}(;|$)",
                operation(STATIC[operator_kind(model, op)]),
                activation_num_bits=8,
                weight_num_bits=8,
            )
    with _quiet():
        ranges = _activation_ranges(content, model, examples)
        quantized = work.quantize(ranges).quantized_model
    return quantize_to_dynamic(bytes(quantized), [], exact)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without reports and warnings of what is meant so.

    Kernels of two signatures are quantised alike in both; all tensors are kept, since
    their ranges are read.
    """
    nowhere = io.StringIO()
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.filterwarnings("ignore", message=".*preserve_all_tensors")
            yield
    finally:
        logging.disable(level)


def _without_zero_kernels(content: bytes) -> bytes:
    model = read_model(content)
    for graph in model.subgraphs:
        for op in operators(model, graph, CONVOLUTIONS):
            kernel = graph.tensors[op.inputs[1]]
            channels = np.array(constant(model, kernel))
            is_zero = np.abs(channels).max(axis=(1, 2, 3)) < SMALLEST_KERNEL
            channels[is_zero, 0, 0, 0] = SMALLEST_KERNEL
            model.buffers[kernel.buffer].data = channels.reshape(-1).view(np.uint8)
    return write_model(model)


def _static_operators(model: Any, graph: Any) -> Iterator[Any]:
    for op in operators(model, graph, tuple(STATIC)):
        is_transposed = operator_kind(model, op) == OPERATORS.TRANSPOSE_CONV
        weights = np.prod(graph.tensors[op.inputs[1]].shape) if is_transposed else 0
        if not is_transposed or weights >= SMALLEST_CONV:
            yield op


def _activation_ranges(
    content: bytes, model: Any, examples: Examples
) -> dict[str, Any]:
    """Smallest and largest value of what goes into and out of convolutions."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # Inside a delegate the tensors could not be read.
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=resolver,
        num_threads=2,
    )
    signatures = signatures_taking(model, examples[0])
    # Of each operation, what goes in and what comes out.
    watched = {
        graph: [
            (op.inputs[activation_input(operator_kind(model, op))], op.outputs[0])
            for op in _static_operators(model, model.subgraphs[graph])
        ]
        for graph in signatures
    }
    # They begin with the same encoder: the shortest is run for all.
    chosen = next(iter(signatures))
    indices = {index for pair in watched[chosen] for index in pair}
    low = dict.fromkeys(indices, np.inf)
    high = dict.fromkeys(indices, -np.inf)
    run = interpreter.get_signature_runner(signatures[chosen])
    for example in examples:
        run(**example)
        for index in indices:
            values = interpreter.get_tensor(index, chosen)
            low[index] = min(low[index], float(values.min()))
            high[index] = max(high[index], float(values.max()))
    ranges: dict[str, Any] = {}
    for graph in signatures:
        tensors = model.subgraphs[graph].tensors
        for pair, own in zip(watched[chosen], watched[graph], strict=True):
            for index, its in zip(pair, own, strict=True):
                ranges |= _range(tensors[its], low[index], high[index])
    return ranges


def _name(tensor: Any) -> str:
    name: str = tensor.name.decode()
    return name


def _range(tensor: Any, low: float, high: float) -> dict[str, Any]:
    shape = (1,) * len(tensor.shape)
    return {
        _name(tensor): {
            "min": np.full(shape, low, np.float32),
            "max": np.full(shape, high, np.float32),
        }
    }
