import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_imgdesc.captioning import GenerationSettings, ImageCaptioner, LSTMDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.presets import folders
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import VGG16Encoder


@pytest.fixture
def captioner():
    keras.utils.set_random_seed(0)
    encoder = VGG16Encoder(image_size=32, width=0.0625, trainable_from="block5")
    decoder = LSTMDecoder(
        8,
        encoder.feature_map_shape,
        embedding_dim=16,
        hidden_dim=16,
        num_heads=2,
        feature_dim=16,
    )
    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog", "läuft", "two"]), 7)
    settings = GenerationSettings(num_beams=2, length_penalty=0.6, max_length=6)
    return ImageCaptioner(encoder, decoder, tokenizer, settings)


@pytest.fixture
def photos():
    return np.random.default_rng(0).integers(0, 256, (4, 36, 32, 3)).astype("uint8")


@pytest.fixture
def saved(captioner, tmp_path):
    captioner.save_to_preset(tmp_path / "toy", summary="A toy")
    return tmp_path / "toy"


def environment():
    """Return the environment of a process that imports the tested package."""
    root = str(Path(folders.__file__).parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def weights(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.weights]


def test_a_saved_captioner_is_loaded(captioner, photos, tmp_path):
    recipe = {"epochs": 3, "note": "ä"}
    captioner.save_to_preset(tmp_path / "toy", recipe=recipe, card="# Toy\n")
    folder = tmp_path / "toy"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.weights.h5",
        "recipe.json",
        "vocabulary.txt",
    ]
    assert json.loads((folder / "recipe.json").read_text("utf-8")) == recipe
    assert (folder / "README.md").read_text("utf-8") == "# Toy\n"

    again = ImageCaptioner.from_preset(folder)
    assert again.tokenizer.vocabulary == captioner.tokenizer.vocabulary
    assert again.tokenizer.sequence_length == 7
    assert again.generation == captioner.generation
    assert again.image_encoder.get_config() == captioner.image_encoder.get_config()
    assert again.decoder.get_config() == captioner.decoder.get_config()
    for old, new in zip(weights(captioner), weights(again), strict=True):
        np.testing.assert_allclose(old, new, rtol=5e-4, atol=1e-6)
    old = captioner.generate(photos, return_attention=True)
    new = again.generate(photos, return_attention=True)
    for one, other in zip(old, new, strict=True):
        np.testing.assert_array_equal(one.token_ids, other.token_ids)
        np.testing.assert_allclose(one.log_prob, other.log_prob, atol=1e-2)


def test_saving_a_loaded_preset_changes_nothing(saved, photos, tmp_path):
    first = ImageCaptioner.from_preset(saved)
    first.save_to_preset(tmp_path / "again")
    second = ImageCaptioner.from_preset(tmp_path / "again")
    for old, new in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(old, new)
    assert first.generate(photos) == second.generate(photos)


def test_weights_are_float16_unless_precision_is_lost(captioner, tmp_path):
    kernel = captioner.decoder.word_projection.kernel
    kernel.assign(np.full(kernel.shape, 1e5))
    embeddings = captioner.decoder.word_embedding.embeddings
    embeddings.assign(np.full(embeddings.shape, 1e-7))
    bias = captioner.image_encoder.get_layer("block1_conv2").bias
    bias.assign(np.full(bias.shape, 1e-7))
    captioner.save_to_preset(tmp_path / "toy")
    with h5py.File(tmp_path / "toy" / "model.weights.h5") as file:
        assert file["image_encoder/block1_conv1/kernel"].dtype == np.float16
        assert file["image_encoder/block1_conv1/bias"].dtype == np.float16
        assert file["image_encoder/block1_conv2/bias"].dtype == np.float32
        assert file["decoder/word_projection/kernel"].dtype == np.float32
        assert file["decoder/word_embedding/embeddings"].dtype == np.float32
    again = ImageCaptioner.from_preset(tmp_path / "toy")
    assert again.decoder.word_projection.kernel[0, 0] == 1e5


def test_weights_that_are_not_finite_are_not_saved(captioner, saved):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    kernel = captioner.decoder.word_projection.kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(InputError, match="must be finite"):
        captioner.save_to_preset(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["toy"]


def test_saving_again_replaces_and_keeps_the_card(captioner, saved, photos):
    (saved / "README.md").write_text("# Mine\n")
    (saved / "notes.txt").write_text("kept")
    captioner.decoder.word_embedding.output_bias.assign(9.0 * (np.arange(8) == 7))
    captioner.save_to_preset(saved)
    assert (saved / "README.md").read_text() == "# Mine\n"
    assert (saved / "notes.txt").read_text() == "kept"
    assert ImageCaptioner.from_preset(saved).generate(photos[0]).startswith("two two")


def test_other_files_and_folders_are_not_overwritten(captioner, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="new folder or in place of another"):
        captioner.save_to_preset(tmp_path)
    with pytest.raises(InputError, match="new folder or in place of another"):
        captioner.save_to_preset(tmp_path / "thesis.tex")
    (tmp_path / "empty").mkdir()
    captioner.save_to_preset(tmp_path / "empty")
    assert ImageCaptioner.from_preset(tmp_path / "empty")


def test_what_a_killed_save_left_is_replaced(captioner, saved, tmp_path):
    """In an empty folder that existed, files are placed one at a time."""
    for names in (
        [".partial-host-1-2-toy"],
        ["model.weights.h5"],
        ["model.weights.h5", "vocabulary.txt", "README.md"],
    ):
        path = tmp_path / str(len(names)) / names[0]
        path.mkdir(parents=True)
        for name in names:
            (path / name).write_text("unfinished")
        captioner.save_to_preset(path)
        ImageCaptioner.from_preset(path)
    for name in ("README.md", "vocabulary.txt", "mine.txt"):
        path = tmp_path / "mine" / name
        path.mkdir(parents=True)
        (path / name).write_text("mine")
        with pytest.raises(InputError, match="new folder"):
            captioner.save_to_preset(path)
        assert (path / name).read_text() == "mine"


def test_the_summary_counts_the_numbers_of_each_part(captioner, capsys):
    captioner.summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "ImageCaptioner: LSTMDecoder on VGG16Encoder at 32 px, 8 tokens"
    )
    counts = {line.split()[0]: line.split()[-2:] for line in lines[2:]}
    encoder, decoder = captioner.image_encoder, captioner.decoder
    total, block5 = captioner.count_params(), 3 * (9 * 32 * 32 + 32)
    trainable = decoder.count_params() + block5
    assert counts == {
        "image_encoder": [f"{encoder.count_params():,}", f"{block5:,}"],
        "decoder": [f"{decoder.count_params():,}"] * 2,
        "total": [f"{total:,}", f"{trainable:,}"],
    }


@pytest.mark.parametrize("name", ["model.weights.h5", "vocabulary.txt"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit", "empty"])
def test_damaged_files_are_named(saved, name, damage):
    path = saved / name
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "one bit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "truncated" else b"")
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        ImageCaptioner.from_preset(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 99},
        {"sha256": {}},
        {"image_encoder": None},
        {"image_encoder": {"class": "os>system", "config": {"command": "true"}}},
        {"decoder": {"class": "keras_imgdesc>LSTMDecoder", "config": {"size": 3}}},
        {"generation": {"num_beams": 0}},
        {"tokenizer": {"sequence_length": 1}},
    ],
    ids=str,
)
def test_a_wrong_configuration_is_named(saved, change):
    path = saved / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=r"config\.json"):
        ImageCaptioner.from_preset(saved)


def test_a_vocabulary_of_another_size_is_refused(saved):
    path = saved / "vocabulary.txt"
    path.write_text(path.read_text("utf-8") + "zebra\n", "utf-8")
    config = json.loads((saved / "config.json").read_text())
    config["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError) as error:
        ImageCaptioner.from_preset(saved)
    message = str(error.value)
    assert "tokenizer=9, decoder=8" in message and "config.json" in message


@pytest.mark.parametrize("text", ["", "[]", '{"format_version": 1', "{}"])
def test_a_broken_configuration_is_named(saved, text):
    (saved / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json"):
        ImageCaptioner.from_preset(saved)


def test_weights_of_another_model_are_refused(captioner, saved):
    path = saved / "config.json"
    config = json.loads(path.read_text())
    for change in ({"hidden_dim": 8}, {"use_sentinel": False}):
        config["decoder"]["config"] = captioner.decoder.get_config() | change
        path.write_text(json.dumps(config))
        with pytest.raises(InputError, match=r"model\.weights\.h5"):
            ImageCaptioner.from_preset(saved)


@pytest.mark.slow
def test_a_killed_save_leaves_the_old_preset(saved, photos, tmp_path):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    script = tmp_path / "kill.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, time
            import h5py
            from keras_imgdesc import ImageCaptioner
            captioner = ImageCaptioner.from_preset(sys.argv[1])
            create = h5py.Group.create_dataset
            count = 0
            def slow(*args, **kwargs):
                global count
                count += 1
                if count == 20:
                    print("half-way", flush=True)
                    time.sleep(60)
                return create(*args, **kwargs)
            h5py.Group.create_dataset = slow
            captioner.save_to_preset(sys.argv[1])
            """
        )
    )
    with subprocess.Popen(
        [sys.executable, str(script), str(saved)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half-way\n"
        process.kill()
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    # The remains of the killed process are not a preset; the next save removes them.
    assert any(path.name.startswith(".partial-") for path in saved.parent.iterdir())
    captioner = ImageCaptioner.from_preset(saved)
    captioner.save_to_preset(saved)
    assert not any(p.name.startswith(".partial-") for p in saved.parent.iterdir())
    assert len(captioner.generate(photos)) == 4
