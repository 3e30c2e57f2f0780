import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.captioning.decoders import DECODERS, LSTMDecoder
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.train import CaptionerRun, train_captioner

train_module = "keras_imgdesc.training.captioner.train"
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 60, 210)}
DECODER = {"embedding_dim": 16, "hidden_dim": 24, "feature_dim": 16, "num_heads": 2}


def coloured(count: int) -> CaptionCollection:
    """Return plain images whose caption is their colour: learnt in a few steps."""
    examples = []
    for i in range(count):
        name = list(COLOURS)[i % 3]
        image = np.full((32, 32, 3), COLOURS[name], np.uint8)
        image[0, 0] = i, count, 0  # images of two collections are not the same
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


@pytest.mark.slow
def test_it_learns_and_saves_the_best_captioner(tmp_path):
    muon = {"optimizer": "muon", "encoder_learning_rate": 0.1}
    chosen = recipe(epochs=10, learning_rate=0.01, **muon)
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


def test_a_frozen_encoder_is_read_from_its_cache(tmp_path):
    chosen = frozen(captions_per_image=1, epochs=1)
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
    # The layers before block5 do not change, so their output is cached.
    shape = json.loads((tmp_path / "second/features/train/manifest.json").read_text())
    assert shape["feature_map_shape"] == [2, 2, 64]


def test_images_that_change_pass_through_the_complete_encoder(tmp_path):
    options = {"image_size": 32, "width": 0.125, "trainable_from": "block5"}
    chosen = recipe(encoder_options=options, epochs=1, flip=True, crop=0.8, colour=0.1)
    captioner = train_captioner(
        chosen, tmp_path, coloured(24), coloured(6), progress=False
    )
    assert captioner.image_encoder.trainable_from == "block5"
    assert not (tmp_path / "features").exists()


@pytest.mark.slow
def test_versions_of_each_image_are_cached(tmp_path):
    options = {"image_size": 32, "width": 0.125, "trainable_from": "block5"}
    chosen = recipe(encoder_options=options, epochs=1, flip=True, crop=0.7, views=3)
    train_captioner(chosen, tmp_path, coloured(24), coloured(6), progress=False)
    manifest = json.loads((tmp_path / "features/train/manifest.json").read_text())
    names = [name for shard in manifest["shards"] for name in shard["image_ids"]]
    assert len(names) == 72 and names[:4] == ["0#0", "0#1", "0#2", "1#0"]
    manifest = tmp_path / "features/validation/manifest.json"
    assert "0#1" not in manifest.read_text()


@pytest.mark.parametrize(
    "trainable_from", ["none", pytest.param("all", marks=pytest.mark.slow)]
)
def test_a_broken_image_is_skipped_with_a_warning(tmp_path, caplog, trainable_from):
    collections = []
    for name, count in (("train", 25), ("validation", 7)):
        examples = list(coloured(count))
        broken = CaptionedImage(name, None, ("a red picture",), name.encode())
        collections.append(CaptionCollection([*examples[:3], broken, *examples[3:]]))
    options = {"image_size": 32, "width": 0.125, "trainable_from": trainable_from}
    # A frozen encoder has no learning rate: the default is one that is not set.
    unset = {"encoder_options": options, "encoder_learning_rate": 0.1}
    chosen = recipe(**unset, epochs=1, validation_images=8)
    train_captioner(chosen, tmp_path, *collections, progress=False)
    ours = [r for r in caplog.records if r.name.startswith("keras_imgdesc")]
    messages = [record.getMessage() for record in ours]
    assert [m.split(": ")[1] for m in messages] == ["train", "validation"]
    with pytest.raises(InputError, match="must be readable"):
        only = CaptionCollection([broken])
        train_captioner(chosen, tmp_path / "b", only, coloured(7), progress=False)


def frozen(**changes) -> CaptionRecipe:
    options = {"image_size": 32, "width": 0.125, "trainable_from": "none"}
    # A frozen encoder has no learning rate: the default is one that is not set.
    unset = {"encoder_options": options, "encoder_learning_rate": 0.1}
    return recipe(**unset | changes)


def test_a_score_that_is_stuck_keeps_the_best_by_another_and_goes_on(
    tmp_path, monkeypatch, record_saves, capsys
):
    """Captions of three words have no BLEU-4."""
    saves = record_saves(CaptionerRun)
    said = iter([["a"] * 3, [f"a {name} picture" for name in COLOURS], ["a"] * 3])
    monkeypatch.setattr(f"{train_module}.describe_features", lambda *_: next(said))
    short = [replace(e, captions=e.captions[:1]) for e in coloured(12)]
    chosen = frozen(epochs=3, patience=1, captions_per_image=1, batch_size=6)
    data = CaptionCollection(short), CaptionCollection(short[:3])
    run = CaptionerRun(chosen, tmp_path, *data)
    run.train()
    rows = run.directory.metrics()
    assert [row["score"] for row in rows] == [0.0, 0.0, 0.0]
    assert [row["bleu_1"] for row in rows][1] == 100.0
    assert saves == [("preset", 1), ("preset", 2)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith(
        "; score has been the same in every epoch so far: bleu_3 decides"
    )


def test_a_run_is_resumed_with_its_data_alone(tmp_path):
    data = coloured(12), coloured(3)
    first = CaptionerRun(frozen(), tmp_path, *data, progress=False)
    first.directory.save_checkpoint({}, {"epochs_done": 1})
    # One letter less, and every word has another id.
    red = [
        replace(e, captions=tuple(c.replace("red", "rd") for c in e.captions))
        for e in data[0]
    ]
    with pytest.raises(InputError, match="train_captions_changed='4 images: 0, 3, ..."):
        CaptionerRun(frozen(), tmp_path, CaptionCollection(red), data[1])
    with pytest.raises(InputError, match="validation_images_added='1 image: 3'"):
        CaptionerRun(frozen(), tmp_path, data[0], coloured(4))
    with pytest.raises(InputError, match="unpaired_captions="):
        CaptionerRun(frozen(), tmp_path, *data, unpaired=["a cat"])
    # Another order is none of the data's; it is that of the first run again.
    turned = [CaptionCollection(each.examples[::-1]) for each in data]
    again = CaptionerRun(frozen(), tmp_path, *turned, progress=False)
    ids = [run.captions.token_ids for run in (again, first)]
    np.testing.assert_array_equal(*ids)
    rows = np.arange(12)
    np.testing.assert_array_equal(again.gather(rows), first.gather(rows))
    (tmp_path / "data.json").unlink()  # as in a run of an earlier version
    CaptionerRun(frozen(), tmp_path, *data, progress=False)


@pytest.mark.slow
def test_cross_entropy_fulfils_the_contract(run_recipe_contract, tmp_path):
    def train(chosen, run_dir, progress):
        return train_captioner(
            chosen, run_dir, coloured(24), coloured(6), progress=progress
        )

    chosen = recipe(average_decay=0.9, patience=2, validation_images=4)
    captioner = run_recipe_contract(chosen, train, rtol=2e-3)
    assert isinstance(captioner.decoder, LSTMDecoder)
    assert len((tmp_path / "full/samples/epoch_002.txt").read_text().splitlines()) == 4


@pytest.fixture(scope="module")
def first_stage(tmp_path_factory) -> str:
    """Return the preset of a captioner trained for one epoch, in bfloat16."""
    path = tmp_path_factory.mktemp("first")
    chosen = frozen(epochs=1, precision="mixed_bfloat16")
    train_captioner(chosen, path, coloured(24), coloured(6), progress=False)
    return str(path / "preset")


@pytest.fixture
def preset(tmp_path) -> str:
    """Return the preset of a captioner that was not trained."""
    path = tmp_path / "first"
    run = CaptionerRun(frozen(), path, coloured(24), coloured(6), progress=False)
    run.save("preset")
    return str(path / "preset")


def renamed(words: dict[str, str]) -> CaptionCollection:
    """Return plain images whose captions have other words."""
    examples = [
        replace(
            example,
            captions=tuple(
                " ".join(words.get(word, word) for word in caption.split())
                for caption in example.captions
            ),
        )
        for example in coloured(24)
    ]
    return CaptionCollection(examples)


def test_a_preset_learns_new_words(tmp_path, preset):
    train = renamed({"red": "crimson", "picture": "poster"})
    chosen = frozen(start_from=preset, grow_vocabulary=True)
    before = ImageCaptioner.from_preset(preset)
    run = CaptionerRun(chosen, tmp_path / "run", train, coloured(6), progress=False)
    vocabulary = run.captioner.vocabulary
    assert vocabulary.tokens == (*before.vocabulary.tokens, "poster", "crimson")
    assert not (run.captions.token_ids == vocabulary.unk_id).any()
    for part in ("embeddings", "output_bias"):
        old = keras.ops.convert_to_numpy(getattr(before.decoder.word_embedding, part))
        new = getattr(run.captioner.decoder.word_embedding, part)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(new)[: len(old)], old)
    run.save("preset")
    assert ImageCaptioner.from_preset(tmp_path / "run/preset").vocabulary == vocabulary


def test_captions_of_unknown_words_are_refused(tmp_path, preset, caplog):
    # 4 of the 7 words of two captions are unknown.
    train = renamed({"picture": "Bild", "this": "dieses", "is": "ist"})
    chosen = frozen(start_from=preset)
    with pytest.raises(InputError, match=r"57\.1 % of the words.*bild"):
        CaptionerRun(chosen, tmp_path / "run", train, coloured(6), progress=False)
    train = renamed({"picture": "poster"})
    CaptionerRun(chosen, tmp_path / "run", train, coloured(6), progress=False)
    assert "28.57 % of the words of the training captions are unknown" in caplog.text


def test_cut_captions_are_counted_before_training(tmp_path, caplog):
    chosen = frozen(sequence_length=5)
    run = CaptionerRun(chosen, tmp_path, coloured(12), coloured(3), progress=False)
    # "this picture is red" is cut, "a red picture" is not.
    assert "12 of 24 training captions (50.00 %) are longer than 5" in caplog.text
    ends = (run.captions.token_ids == run.captioner.vocabulary.end_id).sum(axis=1)
    assert ends.tolist() == 12 * [1, 0]


def self_critical(start_from: str, **changes) -> CaptionRecipe:
    values = {"objective": "self_critical", "metric": "cider_d", "batch_size": 24}
    return frozen(start_from=start_from, **values | changes)


@pytest.mark.slow
def test_self_critical_training_fulfils_the_contract(run_recipe_contract, first_stage):
    def train(chosen, run_dir, progress):
        return train_captioner(
            chosen, run_dir, coloured(24), coloured(6), progress=progress
        )

    run_recipe_contract(self_critical(first_stage, patience=2), train, rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["cross_entropy", "self_critical"])
def test_it_computes_in_bfloat16_and_keeps_weights_in_float32(
    objective, first_stage, tmp_path
):
    chosen = recipe(epochs=1, precision="mixed_bfloat16")
    if objective == "self_critical":
        chosen = self_critical(first_stage, epochs=1, precision="mixed_bfloat16")
    with dtype_policy("mixed_bfloat16"):
        run = CaptionerRun(chosen, tmp_path, coloured(24), coloured(6), progress=False)
        before = [w.numpy() for w in run.captioner.decoder.trainable_variables]
        run.train()
    assert run.captioner.decoder.compute_dtype == "bfloat16"
    assert {w.dtype for w in run.model.trainable_variables} == {"float32"}
    after = run.captioner.decoder.trainable_variables
    assert all((a != b.numpy()).any() for a, b in zip(before, after, strict=True))


def test_a_decoder_is_named_in_the_recipe(tmp_path, monkeypatch):
    class WideDecoder(LSTMDecoder):
        pass

    monkeypatch.setitem(DECODERS, "wide", WideDecoder)
    chosen = frozen(decoder="wide", epochs=1)
    run = CaptionerRun(chosen, tmp_path, coloured(12), coloured(3), progress=False)
    assert type(run.captioner.decoder) is WideDecoder
    with pytest.raises(InputError, match=r"gru.*lstm"):
        CaptionerRun(frozen(decoder="mlp"), tmp_path / "b", coloured(12), coloured(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in DECODERS if name != "lstm"])
def test_every_decoder_is_trained_in_both_stages(tmp_path, name):
    chosen = frozen(decoder=name, epochs=1)
    train_captioner(
        chosen, tmp_path / "first", coloured(24), coloured(6), progress=False
    )
    before = ImageCaptioner.from_preset(tmp_path / "first/preset").decoder
    assert type(before) is DECODERS[name]
    after = train_captioner(
        self_critical(str(tmp_path / "first/preset"), epochs=1),
        tmp_path / "second",
        coloured(24),
        coloured(6),
        progress=False,
    ).decoder
    pairs = zip(before.get_weights(), after.get_weights(), strict=True)
    assert all((a != b).any() for a, b in pairs)


CHILD = """
import sys
from tests_child import averaging, coloured, train_captioner
train_captioner(averaging(), sys.argv[1], coloured(24), coloured(6))
"""


@pytest.mark.slow
def test_killed_and_run_again_it_ends_in_the_same_weights(tmp_path):
    full = train_captioner(
        averaging(),
        tmp_path / "full",
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
    for a, b in zip(full.get_weights(), resumed.get_weights()):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-5)


def test_nothing_to_train_on_is_reported(tmp_path):
    with pytest.raises(InputError, match="train=0"):
        train_captioner(recipe(), tmp_path, coloured(0), coloured(6))
    with pytest.raises(InputError, match="batch_size=12"):
        train_captioner(recipe(), tmp_path, coloured(3), coloured(6), progress=False)
