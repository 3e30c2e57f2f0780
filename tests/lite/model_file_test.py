import json

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import (
    LiteFileError,
    checksums_of,
    preset_file,
    read_model_file,
)
from keras_imgdesc.presets.folders import read_config


def test_a_file_states_the_version_of_its_preset(lite_presets):
    for name, folder in lite_presets.items():
        file = preset_file(folder, f"{name}.tflite")
        config = read_config(folder)
        assert file.preset_checksums == config["sha256"]
        file.check_version(config)
        assert read_model_file(file) is file
        with pytest.raises(LiteFileError, match="another version"):
            file.check_version({"sha256": {}})


def test_shared_weights_belong_to_the_version():
    config = {"sha256": {"model.weights.h5": "1"}}
    shared = config | {"shared_weights": {"preset": "other", "sha256": "2"}}
    assert checksums_of(config) == {"model.weights.h5": "1"}
    assert checksums_of(shared) == {"model.weights.h5": "1", "shared_weights": "2"}


def test_every_part_of_the_model_is_checked(lite_presets, tmp_path):
    content = (lite_presets["classifier"] / "classifier.tflite").read_bytes()
    size = read_model_file(lite_presets["classifier"] / "classifier.tflite")
    size = size.metadata["flatbuffer"]["size"]
    path = tmp_path / "changed.tflite"
    for place in (0, 8, size // 3, size - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(LiteFileError, match="is damaged"):
            read_model_file(path)


def test_what_is_not_an_exported_file_is_refused(tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("text")
    with pytest.raises(LiteFileError, match="must contain keras_imgdesc.json"):
        read_model_file(path)
    with pytest.raises(InputError, match="no such file"):
        read_model_file(tmp_path / "none.tflite")


def test_what_litert_cannot_read_is_named(tmp_path, lite_presets):
    source = read_model_file(lite_presets["classifier"] / "classifier.tflite")
    path = tmp_path / "classifier.tflite"
    path.write_bytes(b"not a model")
    broken = type(source)(path, source.metadata, source.tokens)
    with pytest.raises(LiteFileError, match=r"LiteRT must.*classifier\.tflite"):
        broken.open(1)


def test_a_file_is_replaced_in_its_preset(run_export, lite_presets, tmp_path):
    folder = run_export(lite_presets["classifier"], tmp_path / "classifier")
    before = read_model_file(folder / "classifier.tflite").metadata
    run_export(folder, folder, quantize="float16")
    after = read_model_file(folder / "classifier.tflite").metadata
    assert (before["quantize"], after["quantize"]) == (None, "float16")
    assert before["flatbuffer"] != after["flatbuffer"]
    names = sorted(path.name for path in folder.iterdir())
    assert json.loads((folder / "config.json").read_text())["task"] == after["task"]
    assert names == sorted(path.name for path in lite_presets["classifier"].iterdir())


@pytest.fixture
def run_export():
    """Export a preset into a folder of its own: (source, folder, quantize)."""
    import shutil

    from keras_imgdesc.export.tflite.export import add_to_preset
    from keras_imgdesc.tasks import load_preset

    def export(source, folder, quantize=None):
        if source != folder:
            shutil.copytree(source, folder)
        add_to_preset(load_preset(folder), folder, quantize=quantize)
        return folder

    return export
