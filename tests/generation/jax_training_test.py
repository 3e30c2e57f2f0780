"""A step on JAX is the step on TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CHILD = """
import sys
import keras
import numpy as np
from keras_imgdesc.generation import (
    ConditionalGAN, ConditionalVAE, Contrast, Discriminator, GanObjective, Generator,
    PictureEncoder, VaeObjective)

kind, begin, end = sys.argv[1:]
keras.utils.set_random_seed(0)
chance = np.random.default_rng(0)
shape = {"sentence_dim": 6, "resolution": 32, "width": 4}
make = lambda: Generator(**shape, noise_dim=5, condition_dim=7, word_dim=6)
generator, average = make(), make()
if kind == "vae":
    model = ConditionalVAE(PictureEncoder(**shape, noise_dim=5), generator, average)
    model.compile(keras.optimizers.SGD(0.02, 0.9), VaeObjective(noise_weight=2.0))
else:
    discriminator = Discriminator(**shape)
    model = ConditionalGAN(
        generator, discriminator, average, contrast=Contrast(discriminator))
    objective = GanObjective(
        penalty_weight=1.0, penalty_every=2, contrast_weight=0.5, translation=0.1)
    model.compile(
        keras.optimizers.SGD(0.01, 0.9), keras.optimizers.SGD(0.01, 0.9), objective)
if begin != "-":
    for variable, value in zip(model.state, np.load(begin).values(), strict=True):
        variable.assign(value)
logs = []
for _ in range(2 if begin != "-" else 0):
    batch = {
        "image": chance.integers(256, size=(4, 32, 32, 3)).astype("uint8"),
        "sentence": chance.normal(size=(4, 6)).astype("float32"),
        "words": chance.normal(size=(4, 3, 6)).astype("float32"),
        "wrong": chance.normal(size=(4, 2, 6)).astype("float32"),
        "noise": chance.normal(size=(4, 12)).astype("float32"),
        "chances": chance.random((4, 2, 8)).astype("float32"),
        "text_id": np.arange(4, dtype="int32"),
    }
    found = model.train_on_batch(batch, return_dict=True)
    logs.append([found[name] for name in sorted(found)])
values = [keras.ops.convert_to_numpy(v) for v in model.state]
np.savez(end, *values, logs=np.array(logs))
"""


def steps(backend: str, kind: str, begin: Path | str, end: Path) -> dict:
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", CHILD, kind, str(begin), str(end)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return dict(np.load(end))


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_both_backends_end_in_the_same_weights(kind, tmp_path):
    begin = tmp_path / "begin.npz"
    first = steps("tensorflow", kind, "-", begin)
    first.pop("logs")
    np.savez(begin, *first.values())
    wanted = steps("tensorflow", kind, begin, tmp_path / "tensorflow.npz")
    found = steps("jax", kind, begin, tmp_path / "jax.npz")
    np.testing.assert_allclose(found["logs"], wanted["logs"], rtol=5e-3, atol=1e-3)
    changed = 0
    apart, way = 0.0, 0.0
    for name, value in first.items():
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-2, atol=2e-3)
        changed += not np.array_equal(wanted[name], value)
        apart += np.sum(np.square(found[name] - wanted[name], dtype="float64"))
        way += np.sum(np.square(wanted[name] - value, dtype="float64"))
    assert changed > 0.9 * len(first)
    # A backend on which nothing is learned would be as far apart as the way is long.
    assert apart < 0.01 * way
