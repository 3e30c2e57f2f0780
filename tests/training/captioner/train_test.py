import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.caption_training import train_captioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 60, 210)}
DECODER = {"embedding_dim": 16, "hidden_dim": 24, "feature_dim": 16, "num_heads": 2}


def coloured(count: int) -> CaptionCollection:
    """Plain pictures whose caption is their colour: learnt in a few steps."""
    examples = []
    for i in range(count):
        name = list(COLOURS)[i % 3]
        image = np.full((32, 32, 3), COLOURS[name], np.uint8)
        captions = (f"a {name} picture", f"this picture is {name}")
        examples.append(CaptionedImage(f"{i}", None, captions, image))
    return CaptionCollection(examples)


def recipe(**changes) -> CaptionRecipe:
    values = {
        "encoder_options": {"image_size": 32, "width": 0.125},
        "decoder_options": DECODER,
        "min_count": 1,
        "sequence_length": 8,
        "epochs": 2,
        "batch_size": 12,
        "captions_per_image": 2,
        "learning_rate": 0.01,
        "encoder_learning_rate": 0.3,
        "warm_up_steps": 5,
        "validation_images": 6,
        "num_beams": 1,
        "precision": "float32",
    }
    return CaptionRecipe(**values | changes)


def averaging() -> CaptionRecipe:
    return recipe(epochs=3, average_decay=0.9)


def test_it_learns_and_saves_the_best_captioner(tmp_path):
    chosen = recipe(epochs=10, optimizer="muon", learning_rate=0.01)
    train_captioner(chosen, tmp_path, coloured(48), coloured(6), progress=False)
    captioner = ImageCaptioner.from_preset(tmp_path / "preset")
    for name, rgb in COLOURS.items():
        text = captioner.generate(np.full((40, 30, 3), rgb, np.uint8))
        assert name in text.split(), (name, text)
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 11 and "bleu_4" in rows[0]
    assert json.loads((tmp_path / "recipe.json").read_text())["optimizer"] == "muon"
    assert len((tmp_path / "samples/epoch_010.txt").read_text().splitlines()) == 6
    assert list((tmp_path / "logs").glob("events.*"))


def test_a_frozen_encoder_is_trained_on_from_its_cache(tmp_path):
    options = {"image_size": 32, "width": 0.125, "trainable_from": "none"}
    chosen = recipe(encoder_options=options, captions_per_image=1, epochs=1)
    captioner = train_captioner(
        chosen, tmp_path, coloured(24), coloured(6), progress=False
    )
    assert (tmp_path / "features/train/manifest.json").exists()
    assert not captioner.image_encoder.trainable_variables
    # A second stage starts from the first, now with the encoder.
    options = {"trainable_from": "block5"}
    second = recipe(
        start_from=str(tmp_path / "preset"), encoder_options=options, epochs=1
    )
    before = captioner.image_encoder.get_weights()
    after = train_captioner(
        second, tmp_path / "second", coloured(24), coloured(6), progress=False
    ).image_encoder.get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(before, after)]
    assert not any(changed[:20]) and all(changed[20::2])
    # The layers before block5 give the same for ever, so their output is kept.
    shape = json.loads((tmp_path / "second/features/train/manifest.json").read_text())
    assert shape["feature_map_shape"] == [2, 2, 64]


def test_pictures_that_change_go_through_the_whole_encoder(tmp_path):
    options = {"image_size": 32, "width": 0.125, "trainable_from": "block5"}
    chosen = recipe(encoder_options=options, epochs=1, flip=True, crop=0.8, colour=0.1)
    captioner = train_captioner(
        chosen, tmp_path, coloured(24), coloured(6), progress=False
    )
    assert captioner.image_encoder.trainable_from == "block5"
    assert not (tmp_path / "features").exists()


def test_versions_of_each_picture_are_kept(tmp_path):
    options = {"image_size": 32, "width": 0.125, "trainable_from": "block5"}
    chosen = recipe(encoder_options=options, epochs=1, flip=True, crop=0.7, views=3)
    train_captioner(chosen, tmp_path, coloured(24), coloured(6), progress=False)
    manifest = json.loads((tmp_path / "features/train/manifest.json").read_text())
    names = [name for shard in manifest["shards"] for name in shard["image_ids"]]
    assert len(names) == 72 and names[:4] == ["0#0", "0#1", "0#2", "1#0"]
    manifest = tmp_path / "features/validation/manifest.json"
    assert "0#1" not in manifest.read_text()


@pytest.mark.parametrize("trainable_from", ["none", "all"])
def test_a_broken_picture_is_named_and_left_out(tmp_path, caplog, trainable_from):
    collections = []
    for name, count in (("train", 25), ("validation", 7)):
        examples = list(coloured(count))
        broken = CaptionedImage(name, None, ("a red picture",), b"no picture")
        collections.append(CaptionCollection([*examples[:3], broken, *examples[3:]]))
    options = {"image_size": 32, "width": 0.125, "trainable_from": trainable_from}
    chosen = recipe(encoder_options=options, epochs=1, validation_images=8)
    train_captioner(chosen, tmp_path, *collections, progress=False)
    ours = [r for r in caplog.records if r.name.startswith("keras_imgdesc")]
    messages = [record.getMessage() for record in ours]
    assert [m.split(": ")[1] for m in messages] == ["train", "validation"]
    with pytest.raises(InputError, match="must be readable"):
        only = CaptionCollection([broken])
        train_captioner(chosen, tmp_path / "b", only, only, progress=False)


CHILD = """
import sys
from tests_child import averaging, coloured, train_captioner
train_captioner(averaging(), sys.argv[1], coloured(24), coloured(6))
"""


def test_killed_and_run_again_it_ends_in_the_same_weights(tmp_path):
    whole = train_captioner(
        averaging(),
        tmp_path / "whole",
        coloured(24),
        coloured(6),
        progress=False,
    )
    shutil.copy(__file__, tmp_path / "tests_child.py")
    run = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(run)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    metrics = run / "metrics.csv"
    while child.poll() is None and not metrics.exists():
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert len(metrics.read_text().splitlines()) < 4
    resumed = train_captioner(
        averaging(),
        run,
        coloured(24),
        coloured(6),
        progress=False,
    )
    for a, b in zip(whole.get_weights(), resumed.get_weights()):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-5)


def test_it_stops_when_the_score_no_longer_rises(tmp_path):
    chosen = recipe(epochs=9, learning_rate=1e-9, patience=1)
    train_captioner(chosen, tmp_path, coloured(24), coloured(6), progress=False)
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 3


def test_nothing_to_train_on_is_said(tmp_path):
    with pytest.raises(InputError, match="train=0"):
        train_captioner(recipe(), tmp_path, coloured(0), coloured(6))
    with pytest.raises(InputError, match="batch_size=12"):
        train_captioner(recipe(), tmp_path, coloured(3), coloured(6), progress=False)
