#!/usr/bin/env bash
# Keras 3.15.1 (backend: jax 0.10.2, CPU): SpectralNormalization under mixed_bfloat16.
#
# The policy promises float32 variables and bfloat16 computation. The wrapper divides the
# kernel by its largest singular value at every call with training=True and assigns the
# result to the kernel, and it computes that quotient in the compute dtype. So the float32
# kernel holds only values that bfloat16 can represent (8 bits of precision), and every
# update smaller than about 1/256 of a weight is lost at the next call.
#
# Output seen:
#   float32: kernel dtype float32, representable in bfloat16 after a training call: False
#   mixed_bfloat16: kernel dtype float32, representable in bfloat16 after a training call: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 2>/dev/null
cat > "$folder/expected" <<'TEXT'
float32: kernel dtype float32, representable in bfloat16 after a training call: False
mixed_bfloat16: kernel dtype float32, representable in bfloat16 after a training call: True
TEXT
KERAS_BACKEND=jax KERAS_HOME="$folder" "$folder/venv/bin/python" - > "$folder/output" <<'PY'
import keras
import ml_dtypes
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
for policy in ("float32", "mixed_bfloat16"):
    dense = keras.layers.Dense(4, dtype=policy)
    layer = keras.layers.SpectralNormalization(dense, dtype=policy)
    layer(x)
    layer(x, training=True)
    kernel = keras.ops.convert_to_numpy(dense.kernel)
    is_rounded = bool((kernel == kernel.astype(ml_dtypes.bfloat16)).all())
    print(
        f"{policy}: kernel dtype {kernel.dtype}, representable in bfloat16 after a "
        f"training call: {is_rounded}"
    )
PY
cat "$folder/output"
diff "$folder/expected" "$folder/output"
