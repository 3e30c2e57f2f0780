"""Which runtime loads a preset."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import keras_imgdesc
from keras_imgdesc import InputError
from keras_imgdesc.lite import LiteCaptioner, LiteClassifier, LiteMatcher, LitePainter
from keras_imgdesc.lite.model_file import LiteFileError
from keras_imgdesc.runtimes import Choice, load_reporting


@pytest.fixture
def preset(lite_presets, tmp_path) -> Path:
    """A captioner with a `.tflite` file, to be changed by a test."""
    folder = tmp_path / "captioner"
    shutil.copytree(lite_presets["captioner"], folder)
    return folder


def change_config(folder: Path, change) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def forget_version(file: Path) -> None:
    """Make a file one of an earlier version, which states no checksums."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(content["keras_imgdesc.json"])
    size = metadata.pop("flatbuffer")["size"]
    del metadata["preset_sha256"]
    file.write_bytes(file.read_bytes()[:size])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("vocabulary.txt", content["vocabulary.txt"])
        archive.writestr("keras_imgdesc.json", json.dumps(metadata))


def load_and_tell(preset, runtime="auto", **options) -> tuple[str, Choice]:
    """Return the name of the class that was loaded, and why."""
    said: list[Choice] = []
    loaded = load_reporting(preset, runtime, report=said.append, **options)
    (choice,) = said
    return type(loaded).__name__, choice


@pytest.mark.parametrize(
    ("name", "lite", "task"),
    [
        ("captioner", LiteCaptioner, "ImageCaptioner"),
        ("classifier", LiteClassifier, "ImageClassifier"),
        ("matcher", LiteMatcher, "ImageTextMatcher"),
        ("painter", LitePainter, "TextToImage"),
    ],
)
def test_every_task_runs_in_either_runtime(lite_presets, name, lite, task):
    folder = lite_presets[name]
    assert type(keras_imgdesc.load(folder)) is lite
    assert type(keras_imgdesc.load(folder, "litert", num_threads=1)) is lite
    assert type(keras_imgdesc.load(folder, runtime="tensorflow")).__name__ == task
    assert type(lite.from_preset(folder)) is lite


def test_without_a_file_tensorflow_runs(preset):
    (preset / "captioner.tflite").unlink()
    loaded, choice = load_and_tell(preset)
    assert loaded == "ImageCaptioner" and not choice.is_fault
    assert "ships without a captioner.tflite" in choice.reason
    with pytest.raises(InputError, match="ships without a captioner.tflite"):
        keras_imgdesc.load(preset, "litert")


def test_a_file_of_other_weights_is_not_used(preset):
    def change(config):
        config["sha256"]["model.weights.h5"] = "0" * 64

    change_config(preset, change)
    with pytest.raises(LiteFileError, match="another version of the preset"):
        keras_imgdesc.load(preset, "litert")
    with pytest.raises(LiteFileError, match="another version of the preset"):
        LiteCaptioner.from_preset(preset)


def test_a_stale_file_is_said_and_tensorflow_runs(preset):
    captioner = keras_imgdesc.ImageCaptioner.from_preset(preset)
    kernel = captioner.decoder.weights[0]
    kernel.assign(kernel + 0.5)
    captioner.save_to_preset(preset)
    with pytest.warns(UserWarning, match="another version of the preset") as warned:
        loaded = keras_imgdesc.load(preset)
    assert type(loaded) is keras_imgdesc.ImageCaptioner
    assert warned[0].filename == __file__


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, "end"])
def test_a_damaged_file_is_said_and_tensorflow_runs(preset, place):
    file = preset / "captioner.tflite"
    content = bytearray(file.read_bytes())
    if place == "end":
        content = content[:-2000]
    else:
        content[int(place * len(content))] ^= 1
    file.write_bytes(content)
    loaded, choice = load_and_tell(preset)
    assert loaded == "ImageCaptioner" and choice.is_fault
    assert "captioner.tflite" in choice.reason
    with pytest.raises(LiteFileError, match=r"captioner\.tflite"):
        keras_imgdesc.load(preset, "litert")


def test_a_file_of_an_earlier_version_is_used_only_if_asked_for(preset):
    forget_version(preset / "captioner.tflite")
    loaded, choice = load_and_tell(preset)
    assert loaded == "ImageCaptioner" and not choice.is_fault
    assert "does not state which version" in choice.reason
    assert load_and_tell(preset, "litert")[0] == "LiteCaptioner"


@pytest.mark.parametrize(
    "options",
    [
        {"num_beams": 5},
        {"max_length": 4},
        {"length_penalty": 0.1},
        {"prefix": "a red"},
        {"require": ["dog"]},
        {"avoid": ["bird"]},
        {"use_concepts": False},
        {"temperature": 0.5},
        {"precision": "float32"},
    ],
)
def test_what_the_file_cannot_do_runs_in_tensorflow(preset, options):
    loaded, choice = load_and_tell(preset, **options)
    assert loaded == "ImageCaptioner" and not choice.is_fault
    with pytest.raises(InputError, match=f"{next(iter(options))}="):
        load_reporting(preset, "litert", **options)


def test_what_the_file_does_anyway_runs_in_litert(preset):
    options = {"num_beams": 3, "max_length": 5, "prefix": None, "use_concepts": True}
    assert load_and_tell(preset, **options)[0] == "LiteCaptioner"


def test_a_file_that_searches_otherwise_than_the_preset_is_not_used(preset):
    def change(config):
        config["generation"]["num_beams"] = 2

    change_config(preset, change)
    loaded, choice = load_and_tell(preset)
    assert loaded == "ImageCaptioner" and "num_beams" in choice.reason
    assert load_and_tell(preset, num_beams=3)[0] == "LiteCaptioner"


def test_an_index_decides_which_matcher_runs(lite_presets):
    folder = lite_presets["matcher"]
    same = LiteMatcher.from_preset(folder).fingerprint()
    assert load_and_tell(folder, index=same)[0] == "LiteMatcher"
    loaded, choice = load_and_tell(folder, index="0" * 16)
    assert loaded == "ImageTextMatcher" and "index" in choice.reason


def test_a_folder_without_weights_runs_in_litert_only(preset, toy_image):
    expected = keras_imgdesc.load(preset).generate(toy_image)
    (preset / "model.weights.h5").unlink()
    assert keras_imgdesc.load(preset).generate(toy_image) == expected
    with pytest.raises(InputError, match="has no model.weights.h5"):
        keras_imgdesc.load(preset, "tensorflow")
    with pytest.raises(InputError, match="TensorFlow cannot run instead.*num_beams=5"):
        load_reporting(preset, num_beams=5)


def test_tensorflow_that_is_not_installed_is_named(preset, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.runtimes.find_spec", lambda name: None)
    assert load_and_tell(preset)[0] == "LiteCaptioner"
    with pytest.raises(InputError, match="not installed"):
        keras_imgdesc.load(preset, "tensorflow")
    with pytest.raises(InputError, match="not installed"):
        load_reporting(preset, num_beams=5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"preset": "nobody"}, "nobody"),
        ({"runtime": "onnx"}, "onnx"),
        ({"task": "TextToImage"}, "must be of the task TextToImage"),
    ],
)
def test_wrong_names_are_refused(preset, arguments, named):
    with pytest.raises(InputError, match=named):
        load_reporting(**({"preset": preset} | arguments))


def test_both_runtimes_answer_alike(lite_presets, draw_colour):
    images = [draw_colour("red", 0), draw_colour("blue", 1)]
    either = [
        keras_imgdesc.load(lite_presets["captioner"], runtime)
        for runtime in ("litert", "tensorflow")
    ]
    lite, whole = (
        [caption for _, caption in task.generate_stream(images, return_attention=True)]
        for task in either
    )
    for found, expected in zip(lite, whole, strict=True):
        assert found.text == expected.text
        np.testing.assert_allclose(found.attention, expected.attention, atol=1e-4)
    (_, plain), _ = either[0].generate_stream(images)
    assert plain.text == lite[0].text and plain.attention is None
