#!/usr/bin/env bash
# onnxruntime 1.32.0 (onnx 1.23.2, CPU): `quantize_dynamic(per_channel=True)` of a
# convolution.
#
# The model is one depthwise convolution whose eight kernels differ in size: the largest
# weights are about 1, those of the last kernel a thousandth of that. With
# `per_channel=True` the static quantizer gives each of its channels a scale of its own.
# The dynamic one takes the same argument without a word and gives the whole tensor one
# scale, as with `per_channel=False`: the smallest kernels become zeros. For a fully
# connected layer (MatMul) the same argument of the same function is honoured.
#
# Output seen:
#   dynamic, per_channel=False: scales of Conv 1, of MatMul 1; kernels of zeros: 2
#   dynamic, per_channel=True: scales of Conv 1, of MatMul 8; kernels of zeros: 2
#   static, per_channel=True: scales of Conv 8, of MatMul 8; kernels of zeros: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>/dev/null
cat > "$folder/expected" <<'TEXT'
dynamic, per_channel=False: scales of Conv 1, of MatMul 1; kernels of zeros: 2
dynamic, per_channel=True: scales of Conv 1, of MatMul 8; kernels of zeros: 2
static, per_channel=True: scales of Conv 8, of MatMul 8; kernels of zeros: 0
TEXT
cd "$folder"
"$folder/venv/bin/python" - > "$folder/output" 2>/dev/null <<'PY'
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    quantize_dynamic,
    quantize_static,
)

chance = np.random.default_rng(0)
kernel = chance.choice([-1.0, 1.0], (8, 1, 3, 3)) * chance.uniform(0.5, 1, (8, 1, 3, 3))
kernel *= np.geomspace(1, 1e-3, 8).reshape(8, 1, 1, 1)
matrix = chance.normal(size=(16, 8))
images = chance.uniform(0, 1, (16, 1, 8, 4, 4)).astype("float32")


def write(name, node, constant, shape, output):
    tensor = numpy_helper.from_array(constant.astype("float32"), "w")
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [tensor],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, f"{name}.onnx")


class Reader(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter(rows)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row}


def constant(name, suffix):
    (found,) = [
        numpy_helper.to_array(tensor)
        for tensor in onnx.load(name).graph.initializer
        if tensor.name == f"w_{suffix}"
    ]
    return found


depthwise = helper.make_node(
    "Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1] * 4, group=8
)
write("conv", depthwise, kernel, [1, 8, 4, 4], [1, 8, 4, 4])
write("matmul", helper.make_node("MatMul", ["x", "w"], ["y"]), matrix, [1, 16], [1, 8])
rows = {"conv": images, "matmul": images.reshape(16, 1, -1)[..., :16]}
for title, per_channel in (("dynamic", False), ("dynamic", True), ("static", True)):
    for name in ("conv", "matmul"):
        arguments = [f"{name}.onnx", f"{name}_int8.onnx"]
        if title == "dynamic":
            quantize_dynamic(*arguments, per_channel=per_channel)
        else:
            quantize_static(*arguments, Reader(rows[name]), per_channel=per_channel)
    kernels = constant("conv_int8.onnx", "quantized").astype(int)
    zeros = constant("conv_int8.onnx", "zero_point").reshape(-1, 1, 1, 1)
    print(
        f"{title}, per_channel={per_channel}: "
        f"scales of Conv {constant('conv_int8.onnx', 'scale').size}, "
        f"of MatMul {constant('matmul_int8.onnx', 'scale').size}; "
        f"kernels of zeros: {(kernels == zeros).all((1, 2, 3)).sum()}"
    )
PY
cat "$folder/output"
diff "$folder/expected" "$folder/output"
