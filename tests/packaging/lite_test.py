"""keras-imgdesc-lite: the wheel, alone with its dependencies, does what it says.

The wheel is built and installed with pip into an environment of its own, from the
package index that pip is set up for.
"""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import keras_imgdesc
from keras_imgdesc.cli import cli
from keras_imgdesc.presets.folders import read_config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "examples" / "photos"
DEPENDENCIES = ("ai-edge-litert", "click", "numpy", "pillow", "tqdm")
FILES = {
    "ImageCaptioner": "captioner.tflite",
    "ImageClassifier": "classifier.tflite",
    "ImageTextMatcher": "matcher.tflite",
    "TextToImage": "painter.tflite",
}
# Options that name a preset, of the verbs that run models.
RUNNING = {
    "describe": ("preset",),
    "classify": ("preset",),
    "paint": ("preset",),
    "interpolate": ("preset",),
    "roundtrip": ("preset", "matcher", "captioner"),
    "index": ("preset",),
}


def run(*command: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run a command outside of the repository, whose sources it cannot import."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **variables},
        capture_output=True,
        text=True,
    )


def pip(python: Path | str, *arguments: object) -> None:
    done = subprocess.run(
        [str(part) for part in (python, "-m", "pip", "--quiet", *arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A new environment, with nothing but pip."""
    folder = tmp_path_factory.mktemp("light") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(environment, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python = environment / "bin" / "python"
    pip(python, "wheel", "--no-deps", "-w", folder, ROOT / "packaging" / "lite")
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def light(environment, wheel, tmp_path_factory) -> Path:
    """The environment with the wheel and the versions that are tested elsewhere."""
    constraints = tmp_path_factory.mktemp("pip") / "constraints.txt"
    pins = [f"{name}=={version(name)}" for name in DEPENDENCIES]
    constraints.write_text("\n".join(pins))
    python = environment / "bin" / "python"
    pip(python, "install", "--constraint", constraints, wheel)
    return environment / "bin"


def default_presets() -> set[str]:
    """Return the presets that the running verbs use when none is named."""
    return {
        str(parameter.default)
        for verb, options in RUNNING.items()
        for parameter in cli.commands[verb].params
        if parameter.name in options
    }


def test_the_wheel_has_the_sources_and_what_litert_runs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
        assert any(n.endswith("LICENSE") for n in archive.namelist())
    expected = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "py.typed", "*.txt")
        for path in ROOT.glob(f"keras_imgdesc/**/{pattern}")
        if "keras_imgdesc/saved_models" not in str(path)
    }
    saved = Path("keras_imgdesc/saved_models")
    expected.add(str(saved / "__init__.py"))
    for file in ROOT.glob("saved_models/*/*.tflite"):
        task = read_config(file.parent)["task"]
        assert file.name == FILES[task], file
        names = (file.name, "config.json", "vocabulary.txt", "README.md")
        expected |= {str(saved / file.parent.name / name) for name in names}
    assert found == expected
    needed = [line.split()[1] for line in lines if line.startswith("Requires-Dist")]
    assert {re.split("[<>=;]", each)[0] for each in needed} == set(DEPENDENCIES)
    assert f"Version: {keras_imgdesc.__version__}" in lines
