"""A step on JAX is the step on TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

KINDS = ("vae", "gan")

CHILD = """
import sys
import keras
import numpy as np
from keras_imgdesc.painting import (
    ConditionalGAN, ConditionalVAE, Contrast, Discriminator, GanObjective, Generator,
    VaeEncoder, VaeObjective)

begin, end, *kinds = sys.argv[1:]
chance = np.random.default_rng(0)
shape = {"sentence_dim": 6, "resolution": 32, "width": 4}


def build(kind):
    keras.utils.set_random_seed(0)
    generator, average = (
        Generator(**shape, noise_dim=5, condition_dim=7, word_dim=6, refined_size=4,
                  attended_size=8) for _ in range(2))
    if kind == "vae":
        model = ConditionalVAE(VaeEncoder(**shape, noise_dim=5), generator, average)
        objective = VaeObjective(noise_weight=2.0, detail_weight=3.0)
        model.compile(keras.optimizers.SGD(0.02, 0.9), objective)
        return model
    discriminator = Discriminator(**shape)
    model = ConditionalGAN(
        generator, discriminator, average, contrast=Contrast(discriminator))
    objective = GanObjective(
        penalty_weight=1.0, penalty_every=2, contrast_weight=0.5, translation=0.1)
    model.compile(
        keras.optimizers.SGD(0.01, 0.9), keras.optimizers.SGD(0.01, 0.9), objective)
    return model


def batch():
    return {
        "image": chance.integers(256, size=(4, 32, 32, 3)).astype("uint8"),
        "sentence": chance.normal(size=(4, 6)).astype("float32"),
        "words": chance.normal(size=(4, 3, 6)).astype("float32"),
        "mismatched": chance.normal(size=(4, 2, 6)).astype("float32"),
        "noise": chance.normal(size=(4, 12)).astype("float32"),
        "uniform": chance.random((4, 2, 8)).astype("float32"),
        "text_id": np.arange(4, dtype="int32"),
    }


def values(model):
    return {str(i): keras.ops.convert_to_numpy(v) for i, v in enumerate(model.state)}


for kind in kinds:
    model = build(kind)
    if keras.backend.backend() == "tensorflow":
        np.savez(f"{begin}/{kind}.npz", **values(model))
    for variable, value in zip(
            model.state, np.load(f"{begin}/{kind}.npz").values(), strict=True):
        variable.assign(value)
    logs = []
    for _ in range(2):
        found = model.train_on_batch(batch(), return_dict=True)
        logs.append([found[name] for name in sorted(found)])
    np.savez(f"{end}/{kind}.npz", **values(model), logs=np.array(logs))
"""


@pytest.fixture(scope="module")
def ends(tmp_path_factory) -> dict[str, Path]:
    """Folders of variables: as both backends begin, and as each ends."""
    names = ("begin", "tensorflow", "jax")
    folders = {name: tmp_path_factory.mktemp(name) for name in names}
    for backend in names[1:]:
        environment = os.environ | {
            "KERAS_BACKEND": backend,
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        places = [str(folders["begin"]), str(folders[backend])]
        command = [sys.executable, "-c", CHILD, *places, *KINDS]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return folders


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_both_backends_end_in_the_same_weights(kind, ends):
    first, expected, found = (
        dict(np.load(folder / f"{kind}.npz")) for folder in ends.values()
    )
    np.testing.assert_allclose(found["logs"], expected["logs"], rtol=5e-3, atol=1e-3)
    changed = 0
    apart, way = 0.0, 0.0
    for name, value in first.items():
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-2, atol=2e-3)
        changed += not np.array_equal(expected[name], value)
        apart += np.sum(np.square(found[name] - expected[name], dtype="float64"))
        way += np.sum(np.square(expected[name] - value, dtype="float64"))
    assert changed > 0.9 * len(first)
    # A backend on which nothing is learned would be as far apart as the way is long.
    assert apart < 0.01 * way
