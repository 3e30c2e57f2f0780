#!/usr/bin/env bash
# ai-edge-quantizer 0.10.0 (ai-edge-litert 2.3.0, model converted by tensorflow 2.21.0):
# int8 of a model with a loop, such as a caption decoder with its search inside.
#
# The model is one fully connected layer, then three rounds of another in a WHILE loop.
# Dynamic int8 (weights int8, activations float32) quantizes both layers, the one in the
# loop's body included. Static int8 needs calibrated ranges. Calibration records the
# tensors of the main graph only, and quantization then fails on the first tensor of the
# loop's condition, although the model is valid and calibration succeeded.
#
# Output seen:
#   float32: subgraph 0 FLOAT32, subgraph 2 FLOAT32
#   dynamic: subgraph 0 INT8, subgraph 2 INT8
#   static: calibrated, then ValueError (Failed to get quantization parameters for tensor)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 ai-edge-litert==2.3.0 ai-edge-quantizer==0.10.0 2>/dev/null
cat > "$folder/expected" <<'TEXT'
float32: subgraph 0 FLOAT32, subgraph 2 FLOAT32
dynamic: subgraph 0 INT8, subgraph 2 INT8
static: calibrated, then ValueError (Failed to get quantization parameters for tensor)
TEXT
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - "$folder/model" \
  > "$folder/all" 2>/dev/null <<'PY'
import sys

import numpy as np
import tensorflow as tf
from ai_edge_quantizer import quantizer, recipe
from tensorflow.lite.python import schema_py_generated as schema

chance = np.random.default_rng(0)


class Loop(tf.Module):
    def __init__(self):
        self.first = tf.Variable(chance.normal(size=(64, 64)).astype("float32"))
        self.inner = tf.Variable(chance.normal(size=(64, 64)).astype("float32"))

    @tf.function(input_signature=[tf.TensorSpec((1, 64), tf.float32, name="x")])
    def __call__(self, x):
        _, y = tf.while_loop(
            lambda step, y: step < 3,
            lambda step, y: (step + 1, tf.tanh(y @ self.inner)),
            (tf.constant(0), tf.nn.relu(x @ self.first)),
        )
        return {"y": y}


def weights(content):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    dtypes = {number: name for name, number in vars(schema.TensorType).items()
              if isinstance(number, int)}
    fully_connected = schema.BuiltinOperator.FULLY_CONNECTED
    return ", ".join(
        f"subgraph {place} {dtypes[graph.tensors[op.inputs[1]].type]}"
        for place, graph in enumerate(model.subgraphs)
        for op in graph.operators
        if model.operatorCodes[op.opcodeIndex].deprecatedBuiltinCode == fully_connected
    )


loop = Loop()
tf.saved_model.save(loop, sys.argv[1], signatures={"serving_default": loop.__call__})
content = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1]).convert()
print("float32:", weights(content))

work = quantizer.Quantizer(bytearray(content), recipe.dynamic_wi8_afp32())
print("dynamic:", weights(bytes(work.quantize().quantized_model)))

work = quantizer.Quantizer(bytearray(content), recipe.static_wi8_ai8())
samples = [{"x": chance.normal(size=(1, 64)).astype("float32")} for _ in range(20)]
ranges = work.calibrate({"serving_default": samples})
try:
    print("static:", weights(bytes(work.quantize(ranges).quantized_model)))
except ValueError as error:
    rule = str(error).split(":")[0]
    print(f"static: calibrated, then {type(error).__name__} ({rule})")
PY
grep -E '^(float32|dynamic|static):' "$folder/all" > "$folder/output"
cat "$folder/output"
diff "$folder/expected" "$folder/output"
