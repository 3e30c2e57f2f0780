"""Full int8 for `.tflite` files with a loop inside.

TensorFlow's converter cannot calibrate a graph with a beam search: it tries to observe
the tensors of the loop's body. Here LiteRT itself reports the ranges of the
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

# The operations that become int8, and their names in `ai-edge-quantizer`. Depthwise
# convolutions stay float: they hold a hundredth of a MobileNet's weights, and in int8
# they change more captions than all others together, without being faster.
STATIC = {
    OPERATORS.CONV_2D: "CONV_2D",
    OPERATORS.TRANSPOSE_CONV: "CONV_2D_TRANSPOSE",
    OPERATORS.MAX_POOL_2D: "MAX_POOL_2D",
    OPERATORS.PAD: "PAD",
}

# The scale of an int32 bias is the scale of the input times that of the kernel: for a
# channel with a zero kernel it would be zero, and the bias would overflow.
SMALLEST_KERNEL = 1e-4


def quantize_to_int8(
    content: bytes, examples: Examples, exact: Sequence[str] = ()
) -> bytes:
    """Make the weights and activations of a float32 file int8.

    Convolutions compute in int8, with one scale per output channel. Depthwise ones
    compute in float, and so do small transposed ones, which paint the pixels: int8
    would leave them 256 shades over their whole range. The rest is as in a "dynamic"
    file: the range of the inputs of a fully connected layer is measured at each call,
    since a sentence has no fixed range.

    Args:
        content: the float32 `.tflite` file.
        examples: inputs of one of its signatures.
        exact: see `quantize_to_dynamic`.

    Returns:
        The content of the new file.

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
    """Silence reports and warnings about what is intended.

    The kernels that two signatures share are quantized alike; all tensors are
    preserved, since their ranges are read.
    """
    discarded = io.StringIO()
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(discarded),
            contextlib.redirect_stderr(discarded),
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
    """Yield the convolutions of a graph that become int8, with their padding.

    The search pads too, but its tensors have no ranges.
    """
    all_kinds = (*CONVOLUTIONS, OPERATORS.DEPTHWISE_CONV_2D)
    padded = {
        int(op.inputs[activation_input(operator_kind(model, op))])
        for op in operators(model, graph, all_kinds)
    }
    for op in operators(model, graph, tuple(STATIC)):
        kind = operator_kind(model, op)
        if kind == OPERATORS.PAD and op.outputs[0] not in padded:
            continue
        is_transposed = kind == OPERATORS.TRANSPOSE_CONV
        weights = np.prod(graph.tensors[op.inputs[1]].shape) if is_transposed else 0
        if not is_transposed or weights >= SMALLEST_CONV:
            yield op


def _activation_ranges(
    content: bytes, model: Any, examples: Examples
) -> dict[str, Any]:
    """Return the ranges of the inputs and outputs of convolutions, by tensor name."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # The tensors inside a delegate cannot be read.
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=resolver,
        num_threads=2,
    )
    signatures = signatures_taking(model, examples[0])
    # For each operation, the index of its input and of its output.
    watched = {
        graph: [
            (op.inputs[activation_input(operator_kind(model, op))], op.outputs[0])
            for op in _static_operators(model, model.subgraphs[graph])
        ]
        for graph in {each.subgraphIndex for each in model.signatureDefs}
    }
    # They share their convolutions: running the shortest is enough for all.
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
    for graph, pairs in watched.items():
        tensors = model.subgraphs[graph].tensors
        # A painter's generator is also in a signature that takes no text.
        if graph not in signatures and len(pairs) != len(watched[chosen]):
            continue
        for pair, own in zip(watched[chosen], pairs, strict=True):
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
