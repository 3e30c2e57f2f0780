"""The example that trains a captioner runs, with settings of a few seconds."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.captioning import CaptionLoss

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_captioner.py"


def load_example():
    spec = importlib.util.spec_from_file_location("train_captioner", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow  # compiles a step of the whole captioner with ConvMuon
def test_the_example_trains_and_captions(capsys):
    with dtype_policy("float32"):
        captioner, score = load_example().train(
            num_scenes=12,
            num_test_scenes=5,
            image_size=32,
            encoder_width=0.0625,
            embedding_dim=8,
            hidden_dim=8,
            feature_dim=8,
            num_heads=2,
            batch_size=4,
            steps=3,
            warm_up_steps=1,
            log_every=1,
        )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2:4] for line in lines[1:4]] == [
        ["step", "1:"],
        ["step", "2:"],
        ["step", "3:"],
    ]
    assert sum("right: " in line or "wrong: " in line for line in lines) == 5
    assert lines[-1].endswith("of 5 captions are exactly right") and 0 <= score <= 1
    assert isinstance(captioner.generate(np.zeros((32, 32, 3), "uint8")), str)


def test_its_loss_is_that_of_the_package():
    generator = np.random.default_rng(0)
    outputs = {"logits": generator.normal(size=(2, 3, 8)).astype("float32")}
    token_ids = np.array([[4, 5, 3], [6, 3, 0]], "int32")
    weights = (token_ids != 0).astype("float32")
    loss = load_example().masked_cross_entropy(token_ids, outputs, weights)
    expected = CaptionLoss(label_smoothing=0.0)(token_ids, outputs, weights)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(loss), float(expected), rtol=1e-5
    )
