"""The `.tflite` file that a preset ships with, as one more form of it."""

import shutil
import zipfile

import numpy as np
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    TextToImage,
    Vocabulary,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.tflite.export import add_to_preset, export_tflite
from keras_imgdesc.lite.model_file import LiteFileError
from keras_imgdesc.painting import Generator
from keras_imgdesc.verification.forms import ModelForm, shipped_form
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.verify import compare_forms, verify


def toy_painter() -> TextToImage:
    tokenizer = CaptionTokenizer(Vocabulary(["red", "circle"]), 6)
    words = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2)
    generator = Generator(16, resolution=32, width=4, noise_dim=6, condition_dim=8)
    return TextToImage(words, generator)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Folder of a preset with its `.tflite` file, which tests do not change."""
    folder = tmp_path_factory.mktemp("presets") / "toy"
    painter = toy_painter()
    painter.save_to_preset(folder)
    # The weights as they were rounded for the preset.
    add_to_preset(TextToImage.from_preset(folder), folder)
    return folder


@pytest.fixture
def preset(shipped, tmp_path):
    return shutil.copytree(shipped, tmp_path / "toy")


def test_a_preset_without_a_file_has_no_such_form(preset):
    (preset / "painter.tflite").unlink()
    assert shipped_form(preset) is None


def test_the_file_runs_as_the_preset_in_litert(shipped):
    form = shipped_form(shipped)
    path = shipped / "painter.tflite"
    assert form == ModelForm("shipped float32", "shipped", path, is_exact=True)
    requests = [{"text": "red circle", "seed": seed} for seed in (0, 1)]
    forms = [ModelForm("Python", "python", shipped), form]
    parity = compare_forms(check_of("TextToImage"), requests, forms, progress=False)
    assert parity.is_exact
    _, row = parity.rows()
    assert row["form"] == "shipped float32" and row["largest"] <= 1
    assert row["megabytes"] == path.stat().st_size / 1e6
    images = [result.answers[1]["image"] for result in parity.results]
    assert np.ptp(images[0]) > 0 and images[1].shape == (32, 32, 3)


def test_a_quantized_file_need_not_be_exact(preset):
    (preset / "painter.tflite").unlink()
    add_to_preset(TextToImage.from_preset(preset), preset, quantize="float16")
    form = shipped_form(preset)
    assert form.name == "shipped float16" and not form.is_exact


def test_a_damaged_file_stops_the_verification_before_its_work(preset):
    path = preset / "painter.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(LiteFileError, match="damaged.*painter.tflite"):
        verify(preset)


def test_a_file_of_other_weights_is_refused(preset):
    toy_painter().save_to_preset(preset)
    with pytest.raises(LiteFileError, match="another version of the preset"):
        verify(preset)


def test_a_file_must_state_the_version_of_its_preset(preset):
    path = preset / "painter.tflite"
    path.unlink()
    export_tflite(TextToImage.from_preset(preset), path)
    with zipfile.ZipFile(path) as archive:
        assert b"preset_sha256" not in archive.read("keras_imgdesc.json")
    with pytest.raises(InputError, match="state which version.*--into-preset"):
        verify(preset)
