#!/usr/bin/env bash
# Keras 3.15.1 (backend: tensorflow 2.21.0, CPU) with tf2onnx 1.17.0, onnx 1.23.2,
# onnxruntime 1.32.0 and openvino 2026.4.1: export of a model in mixed_bfloat16.
#
# `model.export` of one convolution, to ONNX and to OpenVINO. In float32 both files run. In
# mixed_bfloat16 both exports succeed too, and neither file can run. The ONNX file states
# opset 15, whose Conv takes no bfloat16: it is no valid ONNX. The OpenVINO file casts the
# image to an element type that is left open ("dynamic"), and the CPU refuses it. So a
# model trained in mixed_bfloat16 has to be built again in float32 before it is exported.
# (The OpenVINO export also needs SciPy, which neither Keras nor OpenVINO installs.)
#
# Output seen:
#   float32, onnx: exported; onnx.checker: valid; onnxruntime: runs
#   float32, openvino: exported; dynamic outputs of Convert: 0; openvino: runs
#   mixed_bfloat16, onnx: exported; onnx.checker: InferenceError; onnxruntime: InvalidGraph
#   mixed_bfloat16, openvino: exported; dynamic outputs of Convert: 3; openvino: RuntimeError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 \
  openvino==2026.4.1 scipy==1.17.1 2>/dev/null
cat > "$folder/expected" <<'TEXT'
float32, onnx: exported; onnx.checker: valid; onnxruntime: runs
float32, openvino: exported; dynamic outputs of Convert: 0; openvino: runs
mixed_bfloat16, onnx: exported; onnx.checker: InferenceError; onnxruntime: InvalidGraph
mixed_bfloat16, openvino: exported; dynamic outputs of Convert: 3; openvino: RuntimeError
TEXT
cd "$folder"
KERAS_HOME="$folder" TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - \
  > "$folder/all" 2>/dev/null <<'PY'
import keras
import numpy as np
import onnx
import onnxruntime
import openvino

image = np.ones((1, 8, 8, 3), "float32")
core = openvino.Core()


def outcome(function, success):
    try:
        function()
    except Exception as error:
        return type(error).__name__
    return success


def check():
    onnx.checker.check_model("model.onnx", full_check=True)


def run_onnx():
    session = onnxruntime.InferenceSession(
        "model.onnx", providers=["CPUExecutionProvider"]
    )
    session.run(None, {"image": image})


def run_openvino():
    core.compile_model("model.xml", "CPU")(image)


for policy in ("float32", "mixed_bfloat16"):
    keras.mixed_precision.set_global_policy(policy)
    model = keras.Sequential(
        [keras.Input((8, 8, 3), name="image"), keras.layers.Conv2D(4, 3)]
    )
    model(image)
    model.export("model.onnx", format="onnx", verbose=False)
    print(
        f"{policy}, onnx: exported; onnx.checker: {outcome(check, 'valid')}; "
        f"onnxruntime: {outcome(run_onnx, 'runs')}"
    )
    model.export("model.xml", format="openvino", verbose=False)
    casts = [op for op in core.read_model("model.xml").get_ops()
             if op.get_type_name() == "Convert"]
    is_open = [op.get_output_element_type(0) == openvino.Type.dynamic for op in casts]
    print(
        f"{policy}, openvino: exported; dynamic outputs of Convert: {sum(is_open)}; "
        f"openvino: {outcome(run_openvino, 'runs')}"
    )
PY
grep -E '^(float32|mixed_bfloat16),' "$folder/all" > "$folder/output"
cat "$folder/output"
diff "$folder/expected" "$folder/output"
