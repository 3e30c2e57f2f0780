"""Files that commands pass over are counted on standard error."""

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.cli.class_images import read_class_images
from keras_imgdesc.cli.exporting import sample_images

LINE = "3 files passed over: .heic. To read HEIC files, run `pip install pillow-heif`."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def missing(name):
        return name if name == "PIL._avif" else None

    module = "keras_imgdesc.images.file_formats"
    monkeypatch.setattr(f"{module}.find_spec", missing, raising=False)
    folder = tmp_path / "cats"
    folder.mkdir()
    for name in ("a.png", "b.jfif"):
        pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
        image = Image.fromarray(pixels)
        image.save(folder / name, "PNG")
    for name in ("1.heic", "2.HEIC", "3.heic", "notes.txt"):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("command", "task", "options"),
    [
        ("describe", "captioner", ["--json"]),
        ("extract", "captioner", ["-o", "cache"]),
        ("score", "matcher", ["--text", "a red circle"]),
        ("index", "matcher", ["-o", "index"]),
    ],
)
def test_a_command_counts_them(
    run, presets, folder, tmp_path, monkeypatch, command, task, options
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(command, folder, "--preset", presets[task], *options)
    assert code == 0 and err.splitlines().count(LINE) == 1
    assert LINE not in out


@pytest.mark.parametrize("has_teacher", [False, True])
def test_folders_of_a_classifier(folder, capsys, has_teacher):
    root = folder if has_teacher else folder.parent
    assert len(read_class_images([root], None, has_teacher)) == 2
    assert capsys.readouterr().err.splitlines().count(LINE) == 1


def test_representative_images(folder, capsys):
    assert len(sample_images(folder)) == 2
    assert capsys.readouterr().err.splitlines() == [LINE]
