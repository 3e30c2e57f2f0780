"""Both trainings under both policies, whatever the machine, on both backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# One step of each, with every part that a recipe can ask for.
CHILD = """
import json
import sys

sys.path.insert(0, sys.argv[1])
import keras
import numpy as np
from train_test import COLOURS, PRIOR, coloured, matcher, recipe, run

folder = sys.argv[2]
matcher().save_to_preset(f"{folder}/matcher")
steps = {"epochs": 1, "steps_per_epoch": 1, "matching_weight": 0.1}
both = steps | {"attend_words": True}
kinds = {
    "vae": both | {"kind": "vae", "generator_options": PRIOR, "prior_epochs": 1,
                   "optimizer": "muon", "detail_weight": 1.0},
    "dcgan": both | {"projected": True, "contrast_weight": 0.5, "hard_mismatch": 1,
                     "exchangeable": [list(COLOURS)], "penalty_weight": 1.0},
}
found = {}
for policy in ("float32", "mixed_bfloat16"):
    for kind, changes in kinds.items():
        chosen = recipe(f"{folder}/matcher", precision=policy, **changes)
        painter = run(chosen, f"{folder}/{kind}-{policy}")
        painted = painter.generate("a red picture", 2)
        rows = open(f"{folder}/{kind}-{policy}/metrics.csv").read().splitlines()
        found[f"{kind} {policy}"] = [
            float(value) for value in rows[-1].split(",") if value]
        assert painted.std() > 0
        assert keras.config.dtype_policy().name == "float32"
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_both_trainings_take_a_step_in_each_precision(backend, tmp_path):
    folder = str(Path(__file__).parent)
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, folder, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == 4
    for kind in ("vae", "dcgan"):
        first, second = found[f"{kind} float32"], found[f"{kind} mixed_bfloat16"]
        assert first != second
        assert second == pytest.approx(first, rel=0.3, abs=0.3)
