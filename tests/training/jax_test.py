"""Captioner, matcher and classifier train on JAX as they do on TensorFlow."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.train import train_captioner
from keras_imgdesc.training.classifier.recipe import ClassifierRecipe
from keras_imgdesc.training.classifier.train import train_classifier
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.matcher.train import train_matcher
from keras_imgdesc.training.recipe import Recipe
from keras_imgdesc.training.run_directory import RunDirectory

pytestmark = pytest.mark.slow

NAMES = ("captioner", "matcher", "classifier")
# Without dropout: a seed gives other numbers on another backend.
DECODER = {"embedding_dim": 8, "hidden_dim": 8, "feature_dim": 8, "num_heads": 2}
SHARED = {
    # No layer is frozen, so that the checkpoint holds every weight: a seed gives other
    # initial weights on another backend.
    "encoder_options": {"image_size": 32, "width": 0.125},
    "epochs": 2,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "average_decay": 0.9,
    "precision": "float32",
}
TEXTS = {"min_count": 1, "sequence_length": 6, "validation_images": 2}
RECIPES: dict[str, Recipe] = {
    "captioner": CaptionRecipe(
        decoder_options=DECODER | {"dropout": 0.0, "feature_dropout": 0.0},
        num_beams=1,
        **TEXTS,
        **SHARED,
    ),
    "matcher": MatchingRecipe(
        text_options={"embedding_dim": 8, "num_heads": 2, "dropout": 0.0},
        embedding_dim=8,
        num_heads=2,
        dropout=0.0,
        **TEXTS,
        **SHARED,
    ),
    "classifier": ClassifierRecipe(encoder="vgg16", dropout=0.0, **SHARED),
}
TRAIN: dict[str, Callable] = {
    "captioner": train_captioner,
    "matcher": train_matcher,
    "classifier": train_classifier,
}

CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from jax_test import NAMES, RECIPES, train

folder = Path(sys.argv[1])
for name in NAMES:
    train(name, folder / name / "jax", RECIPES[name])
    mixed = replace(RECIPES[name], epochs=1, precision="mixed_bfloat16")
    train(name, folder / name / "mixed", mixed)
"""


def noise(count: int) -> CaptionCollection:
    """Return images of noise, each with a caption of its own and one of 5 classes."""
    # Images of two collections are not the same.
    chance = np.random.default_rng(count)
    words = ("red", "green", "blue", "large", "small")
    return CaptionCollection(
        [
            CaptionedImage(
                f"{i}",
                None,
                (f"a {words[i % 5]} {words[(i + 1 + i // 5) % 5]} one",),
                chance.integers(0, 256, (32, 32, 3)).astype("uint8"),
                {"name": words[i % 5]},
            )
            for i in range(count)
        ]
    )


def train(name: str, run_dir: Path, recipe: Recipe) -> None:
    TRAIN[name](recipe, run_dir, noise(16), noise(2), progress=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return runs of two epochs, of which the second is of TensorFlow or of JAX."""
    folder = tmp_path_factory.mktemp("backends")
    save = RunDirectory.save_checkpoint

    def save_and_copy(self, *args):
        save(self, *args)
        for copy in ("begin", "jax"):
            if not (self.path.parent / copy).exists():
                shutil.copytree(self.path, self.path.parent / copy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunDirectory, "save_checkpoint", save_and_copy)
        for name in NAMES:
            train(name, folder / name / "tensorflow", RECIPES[name])
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    command = [sys.executable, "-c", CHILD, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_an_epoch_on_jax_ends_in_the_same_weights(name, folder):
    runs = {
        run: RunDirectory(folder / name / run, RECIPES[name].as_dict())
        for run in ("begin", "tensorflow", "jax")
    }
    states = {run: each.load_checkpoint() for run, each in runs.items()}
    assert states["jax"].metadata == {"epochs_done": 2}
    begin, expected, found = (state.arrays for state in states.values())
    assert found.keys() == expected.keys()
    apart, way = 0.0, 0.0
    for key, value in begin.items():
        if key.startswith("w/"):
            apart += np.sum(np.square(found[key] - expected[key], dtype="float64"))
            way += np.sum(np.square(expected[key] - value, dtype="float64"))
    # A backend that learned nothing would be as far apart as the way is long.
    assert way > 0 and apart < 0.01 * way
    losses = [runs[run].metrics()[1]["loss"] for run in ("tensorflow", "jax")]
    np.testing.assert_allclose(*losses, rtol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_jax_trains_in_mixed_precision(name, folder):
    recipe = replace(RECIPES[name], epochs=1, precision="mixed_bfloat16")
    run = RunDirectory(folder / name / "mixed", recipe.as_dict())
    (row,) = run.metrics()
    assert np.isfinite(row["loss"])
    arrays = run.load_checkpoint().arrays
    assert {a.dtype.name for k, a in arrays.items() if k[0] == "w"} == {"float32"}
    assert all(np.isfinite(array).all() for array in arrays.values())
