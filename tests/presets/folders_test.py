import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets import folders as preset_folders
from keras_imgdesc.presets.folders import find_preset, list_presets


def add_preset(folder: Path, summary: str) -> Path:
    folder.mkdir(parents=True)
    config = {"format_version": 1, "summary": summary}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(tmp_path))
    return add_preset(tmp_path / "toy", "A toy")


def test_names_are_looked_up_in_order(toy, tmp_path, monkeypatch):
    other = add_preset(tmp_path / "b" / "toy", "Another toy")
    add_preset(tmp_path / "b" / "second", "Second")
    paths = os.pathsep.join([str(tmp_path / "b"), str(tmp_path)])
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", paths)
    assert find_preset("toy") == other
    found = list_presets()
    assert found["toy"] == "Another toy" and found["second"] == "Second"
    paths = os.pathsep.join([str(tmp_path), str(tmp_path / "b")])
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", paths)
    assert find_preset("toy") == toy
    assert list_presets()["toy"] == "A toy"
    # A folder that is named comes first, whatever presets there are.
    monkeypatch.chdir(tmp_path / "b")
    assert find_preset("toy").resolve() == other
    assert find_preset(str(toy)) == toy


def test_the_package_and_the_clone_are_searched(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_IMGDESC_PRESETS", raising=False)
    package = tmp_path / "keras_imgdesc"
    monkeypatch.setattr(preset_folders, "__file__", str(package / "presets" / "any.py"))
    folders = [package / "saved_models", tmp_path / "saved_models"]
    assert preset_folders.preset_folders() == folders


def test_an_unknown_name_lists_the_known_ones(toy):
    with pytest.raises(InputError, match=r"no such preset.*'toys'.*toy") as caught:
        find_preset("toys")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"folder with a config\.json"):
        find_preset(toy.parent)


def test_broken_presets_are_listed_as_such(toy):
    (toy / "config.json").write_text("{")
    assert list_presets()["toy"].startswith("broken")


def test_listing_needs_no_keras():
    code = (
        "import sys; from keras_imgdesc import list_presets; list_presets();"
        "assert not {'keras', 'tensorflow', 'numpy', 'h5py'} & set(sys.modules)"
    )
    root = str(Path(preset_folders.__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, *sys.path])},
    )
