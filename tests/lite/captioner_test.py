import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image
from keras_imgdesc.lite import LiteCaptioner

ROOT = Path(__file__).parents[2]
IMAGES = sorted(ROOT.glob("examples/pictures/*.png"))
PHOTOS = sorted(ROOT.glob("examples/photos/*.jpg"))


@pytest.fixture(scope="module")
def captioner() -> ImageCaptioner:
    return ImageCaptioner.from_preset("scenes_lstm")


@pytest.fixture(scope="module")
def file(scenes_forms) -> Path:
    return scenes_forms["tflite float32"].path


def test_captions_are_those_of_python(captioner, file):
    lite = LiteCaptioner(file, num_threads=1)
    sources = [*IMAGES, *PHOTOS]
    assert lite.generate(sources) == captioner.generate(sources)
    one = lite.generate(PHOTOS[0].read_bytes(), return_details=True)
    expected = captioner.generate(PHOTOS[0], return_details=True)
    assert one.text == expected.text
    assert one.log_prob == pytest.approx(expected.log_prob, abs=1e-3)


def test_captions_answer_in_kind(file):
    lite = LiteCaptioner(file, num_threads=1)
    expected = lite.generate(IMAGES[:2])
    files = [io.BytesIO(path.read_bytes()) for path in IMAGES[:2]]
    paths = np.array([str(path) for path in IMAGES[:2]])
    batch = np.stack([load_image(path) for path in IMAGES[:2]])
    for inputs in (files, paths, paths.astype(object), batch, jnp.asarray(batch)):
        assert lite.generate(inputs) == expected
        assert lite.generate(inputs[0]) == expected[0]
    with pytest.raises(ImageError, match=r'astype\("uint8"\)'):
        lite.generate(batch.astype("float32"))


def test_exif_orientation_is_applied(file, tmp_path):
    photo = Image.open(PHOTOS[0]).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.png"
    photo.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    upright = tmp_path / "upright.png"
    photo.save(upright)
    lite = LiteCaptioner(file)
    assert lite.generate(turned) == lite.generate(upright)


def test_a_broken_image_is_named(file, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not an image")
    lite = LiteCaptioner(file)
    with pytest.raises(ImageError, match="broken.jpg"):
        lite.generate([IMAGES[0], broken])
    first, error, last = lite.generate(
        [IMAGES[0], broken, IMAGES[0]], on_error="return"
    )
    assert isinstance(error, ImageError) and first == last
    with pytest.raises(InputError, match="on_error='ignore'"):
        lite.generate(broken, on_error="ignore")


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        LiteCaptioner(tmp_path / "none.tflite")
    (tmp_path / "text.tflite").write_text("text")
    with pytest.raises(InputError, match=r"text\.tflite"):
        LiteCaptioner(tmp_path / "text.tflite")
    with zipfile.ZipFile(tmp_path / "other.tflite", "w") as archive:
        archive.writestr("other.txt", "other")
    with pytest.raises(InputError, match="keras_imgdesc.json"):
        LiteCaptioner(tmp_path / "other.tflite")
    with zipfile.ZipFile(tmp_path / "matcher.tflite", "w") as archive:
        metadata = {"task": "ImageTextMatcher", "signatures": {"score": {}}}
        archive.writestr("keras_imgdesc.json", json.dumps(metadata))
        archive.writestr("vocabulary.txt", "a\n")
    with pytest.raises(InputError, match="that of a captioner.*ImageTextMatcher"):
        LiteCaptioner(tmp_path / "matcher.tflite")
    with pytest.raises(InputError, match="ships without"):
        LiteCaptioner.from_preset("flickr8k_vgg16_lstm")


def test_it_imports_without_tensorflow():
    code = (
        "import sys, keras_imgdesc.lite; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_it_runs_where_there_is_no_tensorflow(file, captioner, tmp_path):
    """Install three packages, then this one without dependencies, as documented."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / "bin/python"

    def pip(*arguments: str) -> None:
        command = [python, "-m", "pip", "install", "--quiet", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    pip("ai-edge-litert>=2.3", "numpy>=2", "pillow>=11")
    pip("--no-deps", str(ROOT))
    code = (
        "import importlib.util, sys\n"
        "from keras_imgdesc.lite import LiteCaptioner\n"
        "assert importlib.util.find_spec('tensorflow') is None\n"
        "assert importlib.util.find_spec('keras') is None\n"
        "print(LiteCaptioner(sys.argv[1]).generate(sys.argv[2]))\n"
        "print(LiteCaptioner.from_preset(sys.argv[3]).generate(sys.argv[4]))\n"
    )
    command = [python, "-c", code, file, IMAGES[0]]
    done = subprocess.run(
        [*command, "flickr8k_efficientnet_lstm", PHOTOS[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    drawn, photo = done.stdout.splitlines()
    assert drawn == captioner.generate(IMAGES[0])
    assert len(photo.split()) > 3
