#!/usr/bin/env bash
# tensorflow 2.21.0 (numpy 2.4.6): on a CPU, AddN adds in an order that depends on who
# else reads its inputs, and so does a + b + c in a function, which the graph optimizer
# turns into AddN.
#
# AddN reuses the memory of the first input that no other operation still needs, and begins
# with it. Below, the readers are part of the graph, so that the order is the same each
# time. In a training step the readers are the rest of the gradient: whether they are done
# depends on timing, so that the same step from the same weights gives different gradients
# beside other load. `tf.config.experimental.enable_op_determinism` makes no difference.
# What does: adding two by two, without grappler's "arithmetic_optimization".
#
# Output seen:
#   add_n([a, b, c]), nobody reads a and b: (a + b) + c
#   add_n([a, b, c]), others read a and b: (c + b) + a
#   a + b + c, nobody reads a and b: (a + b) + c
#   a + b + c, others read a and b: (c + b) + a
#   add_n([a, b, c]), others read a and b, enable_op_determinism: (c + b) + a
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 numpy==2.4.6 2>/dev/null
cat > "$folder/expected" <<'TEXT'
add_n([a, b, c]), nobody reads a and b: (a + b) + c
add_n([a, b, c]), others read a and b: (c + b) + a
a + b + c, nobody reads a and b: (a + b) + c
a + b + c, others read a and b: (c + b) + a
add_n([a, b, c]), others read a and b, enable_op_determinism: (c + b) + a
TEXT
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - > "$folder/output" 2>/dev/null <<'PY'
import numpy as np
import tensorflow as tf

# Of many values some are rounded differently in another order.
chance = np.random.default_rng(0)
X, Y, Z = (chance.normal(size=1000).astype("float32") for _ in range(3))


def total(plus: bool, is_read: bool) -> str:
    @tf.function
    def compute(x, y, z):
        # Doubled: arguments of a function are never overwritten.
        a, b, c = 2 * x, 2 * y, 2 * z
        result = a + b + c if plus else tf.add_n([a, b, c])
        return result, [a, b] if is_read else []

    found = compute(X, Y, Z)[0].numpy()
    a, b, c = 2 * X, 2 * Y, 2 * Z
    sums = {
        "(a + b) + c": (a + b) + c,
        "(c + b) + a": (c + b) + a,
        "(a + c) + b": (a + c) + b,
    }
    return next(k for k, v in sums.items() if (v == found).all())


for plus in (False, True):
    name = "a + b + c" if plus else "add_n([a, b, c])"
    print(f"{name}, nobody reads a and b: {total(plus, False)}")
    print(f"{name}, others read a and b: {total(plus, True)}")
tf.config.experimental.enable_op_determinism()
print(
    "add_n([a, b, c]), others read a and b, enable_op_determinism: "
    f"{total(False, True)}"
)
PY
cat "$folder/output"
diff "$folder/expected" "$folder/output"
