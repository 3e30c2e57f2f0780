"""Models are found by what a command line says."""

import shutil

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.lite.model_file import preset_file
from keras_imgdesc.serving.model_source import find_models, newest_versions
from keras_imgdesc.serving.request_worker import SAVED_MODEL


@pytest.fixture
def saved_model(tmp_path):
    """The folder of a SavedModel with the versions 1, 2 and 10, and another folder."""
    for name in ("1", "2", "10", "notes"):
        (tmp_path / "bird" / name).mkdir(parents=True)
    for name in ("1", "2", "10"):
        (tmp_path / "bird" / name / "saved_model.pb").touch()
    (tmp_path / "bird" / "11").mkdir()
    return tmp_path / "bird"


def test_presets_have_their_name_or_another():
    first, second = find_models(["scenes_lstm", "painter=scenes_cvae"])
    assert (first.name, first.kind) == ("scenes_lstm", "ImageCaptioner")
    assert (second.name, second.kind) == ("painter", "TextToImage")
    assert first.versions[1].name == "captioner.tflite"
    (settings,) = second.settings()
    assert settings == {
        "name": "painter",
        "version": 1,
        "kind": "TextToImage",
        "path": str(second.versions[1]),
    }


def test_a_file_has_the_name_before_its_suffix(tmp_path):
    path = preset_file("scenes_lstm", "captioner.tflite").path
    copy = shutil.copy(path, tmp_path / "a=b.tflite")
    (source,) = find_models([str(copy)])
    assert (source.name, source.kind) == ("a=b", "ImageCaptioner")
    with pytest.raises(InputError, match="A .tflite file runs in LiteRT"):
        find_models([str(path)], "tensorflow")


def test_the_newest_versions_of_a_saved_model(saved_model):
    assert sorted(newest_versions(saved_model, 9)) == [1, 2, 10]
    assert not newest_versions(saved_model / "none", 9)
    (source,) = find_models([str(saved_model)])
    assert (source.name, source.kind) == ("bird", SAVED_MODEL)
    assert sorted(source.versions) == [2, 10]
    (source,) = find_models([f"b={saved_model}"], num_versions=1)
    assert source.name == "b" and source.versions == {10: saved_model / "10"}


def test_a_folder_is_looked_at_again(saved_model):
    (source,) = find_models([str(saved_model)])
    assert source.looked_at_again() == source
    (saved_model / "11" / "saved_model.pb").touch()
    assert sorted(source.looked_at_again().versions) == [10, 11]
    shutil.rmtree(saved_model)
    assert source.looked_at_again() == source
    (preset,) = find_models(["scenes_lstm"])
    assert preset.looked_at_again() is preset


def test_one_version_of_a_saved_model(saved_model):
    (source,) = find_models([str(saved_model / "2")])
    assert source.name == "bird" and source.versions == {2: saved_model / "2"}


def test_a_preset_in_tensorflow_is_yet_to_be_exported():
    (source,) = find_models(["scenes_dcgan"], "tensorflow")
    assert source.kind == SAVED_MODEL and source.preset.endswith("scenes_dcgan")
    assert not source.versions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "no such preset"),
        (["a=scenes_lstm", "a=scenes_cvae"], "must not have the same name"),
        (["none.tflite"], "no such file"),
        (["scenes_dcgan"], "ships without a painter.tflite"),
    ],
)
def test_what_cannot_be_served_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        find_models(arguments)
