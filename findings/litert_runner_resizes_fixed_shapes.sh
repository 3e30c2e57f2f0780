#!/usr/bin/env bash
# ai-edge-litert 2.3.0 (model converted by tensorflow 2.21.0, CPU): shapes of a signature.
#
# A model whose input has the fixed shape (1, 4, 4, 3), with a shape signature of the same
# four numbers, is run with an array of shape (3, 8, 8, 3). `Interpreter.set_tensor`
# refuses it. The signature runner resizes the input tensor instead, allocates anew and
# returns three rows: a wrongly sized image gives an answer, not an error. An application
# has to compare shapes itself.
#
# Output seen:
#   shape [1, 4, 4, 3], shape signature [1, 4, 4, 3]
#   set_tensor: ValueError
#   signature runner: output (3, 3), input is now [3, 8, 8, 3]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 ai-edge-litert==2.3.0 2>/dev/null
cat > "$folder/expected" <<'TEXT'
shape [1, 4, 4, 3], shape signature [1, 4, 4, 3]
set_tensor: ValueError
signature runner: output (3, 3), input is now [3, 8, 8, 3]
TEXT
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - "$folder/model" \
  > "$folder/output" 2>/dev/null <<'PY'
import sys

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter


@tf.function(input_signature=[tf.TensorSpec((1, 4, 4, 3), tf.float32, name="image")])
def mean(image):
    return {"mean": tf.reduce_mean(image, axis=[1, 2])}


module = tf.Module()
module.mean = mean
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": mean})
content = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1]).convert()
large = np.ones((3, 8, 8, 3), "float32")

runner = Interpreter(model_content=content).get_signature_runner()
details = runner.get_input_details()["image"]
print(
    f"shape {details['shape'].tolist()}, "
    f"shape signature {details['shape_signature'].tolist()}"
)
plain = Interpreter(model_content=content)
plain.allocate_tensors()
try:
    plain.set_tensor(plain.get_input_details()[0]["index"], large)
    print("set_tensor: accepted")
except ValueError as error:
    print(f"set_tensor: {type(error).__name__}")
output = runner(image=large)["mean"]
shape = runner.get_input_details()["image"]["shape"].tolist()
print(f"signature runner: output {output.shape}, input is now {shape}")
PY
cat "$folder/output"
diff "$folder/expected" "$folder/output"
