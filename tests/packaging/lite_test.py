"""The wheel of keras-imgdesc-lite, tested in an environment of its own.

The wheel is built and installed with pip into an environment of its own, from the
package index that pip is set up for.
"""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import keras_imgdesc
from keras_imgdesc.cli import cli
from keras_imgdesc.export.tflite.export import add_to_preset
from keras_imgdesc.lite.model_file import PRESET_FILES, read_model_file
from keras_imgdesc.presets.folders import PRESETS_VARIABLE, read_config
from keras_imgdesc.tasks import load_preset

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "examples" / "photos"
CAT = PHOTOS / "cat.jpg"
DEPENDENCIES = ("ai-edge-litert", "click", "numpy", "pillow", "tqdm")
# The verbs that run models, with their options that name a preset.
RUNNING = {
    "describe": {"preset"},
    "classify": {"preset"},
    "index": {"preset"},
    "score": {"preset"},
    "paint": {"preset"},
    "interpolate": {"preset"},
    "roundtrip": {"preset", "matcher", "captioner"},
}
CIRCLE = "a large red circle"
# In this order: `search` reads what `index` wrote.
COMMANDS = {
    "describe": ("describe", PHOTOS, "--json"),
    "describe with attention": ("describe", CAT, "--attention-dir", "maps"),
    "classify": ("classify", PHOTOS, "--top", "3", "--json"),
    "index": ("index", PHOTOS, "--output", "photos.index"),
    "search by text": ("search", "photos.index", "a cat", "--json"),
    "search by image": ("search", "photos.index", "--image", CAT, "--sheet", "s.png"),
    "score": ("score", PHOTOS, "--text", "a cat", "--text", "a rocket"),
    "paint": ("paint", CIRCLE, "-n", "2", "--seed", "1", "--output-dir", "painted"),
    "paint the best": (
        *("paint", CIRCLE, "-n", "2", "--rerank", "scenes_matcher"),
        *("--sheet", "best.png"),
    ),
    "interpolate": (
        *("interpolate", CIRCLE, "a small blue square", "--steps", "3"),
        *("--output-dir", "way"),
    ),
    "roundtrip": ("roundtrip", CIRCLE, "-n", "4", "--sheet", "trip.png"),
}


def default_presets() -> set[str]:
    """Return the presets that the running verbs use when none is named."""
    return {
        str(parameter.default)
        for verb, options in RUNNING.items()
        for parameter in cli.commands[verb].params
        if parameter.name in options
    }


def shipped_files() -> dict[str, Path]:
    """Return the `.tflite` file of each preset that ships with one."""
    files = sorted(ROOT.glob("saved_models/*/*.tflite"))
    for file in files:
        assert file.name == PRESET_FILES[read_config(file.parent)["task"]], file
    return {file.parent.name: file for file in files}


def is_current(file: Path) -> bool:
    """Return whether a file says which version of its preset it was written from."""
    return read_model_file(file).preset_checksums is not None


def run(*command: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run a command outside of the repository, whose sources it cannot import."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **variables},
        capture_output=True,
        text=True,
    )


def pip(python: Path, *arguments: object) -> None:
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
    """Folder of the commands of an environment with the wheel and what it needs.

    The versions are those of this environment, so that both compute alike.
    """
    constraints = tmp_path_factory.mktemp("pip") / "constraints.txt"
    pins = [f"{name}=={version(name)}" for name in DEPENDENCIES]
    constraints.write_text("\n".join(pins))
    python = environment / "bin" / "python"
    pip(python, "install", "--constraint", constraints, wheel)
    return environment / "bin"


@pytest.fixture(scope="module")
def more_presets(tmp_path_factory) -> Path:
    """Folder of the default presets whose files do not ship yet, without weights."""
    folder = tmp_path_factory.mktemp("presets")
    shipped = shipped_files()
    for name in default_presets():
        if name in shipped and is_current(shipped[name]):
            continue
        preset = folder / name
        shutil.copytree(
            ROOT / "saved_models" / name,
            preset,
            ignore=shutil.ignore_patterns("*.tflite"),
        )
        add_to_preset(load_preset(preset), preset, quantize="dynamic")
    # In the end, since presets share weights.
    for weights in folder.glob("*/model.weights.h5"):
        weights.unlink()
    return folder


@pytest.fixture(scope="module")
def answers(light, more_presets, tmp_path_factory) -> dict[str, tuple]:
    """What each command did in the light environment, and in this one in LiteRT."""
    folders = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    python = [sys.executable, "-m", "keras_imgdesc.cli"]
    found = {}
    for name, command in COMMANDS.items():
        done = []
        for program, options, folder in (
            ([light / "keras-imgdesc"], [], folders[0]),
            (python, ["--runtime", "litert"], folders[1]),
        ):
            variables = {PRESETS_VARIABLE: str(more_presets), "PYTHONPATH": ""}
            result = run(*program, *command, *options, cwd=folder, **variables)
            files = {
                str(path.relative_to(folder)): path.read_bytes()
                for path in sorted(folder.rglob("*.png"))
            }
            done.append((result.returncode, result.stdout, files, result.stderr))
        found[name] = tuple(done)
    return found


def test_the_wheel_has_the_sources_and_what_litert_runs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
        assert any(n.endswith("LICENSE") for n in archive.namelist())
    expected = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.html", "py.typed", "*.txt")
        for path in ROOT.glob(f"keras_imgdesc/**/{pattern}")
    }
    saved = Path("keras_imgdesc/saved_models")
    expected.add(str(saved / "__init__.py"))
    for name, file in shipped_files().items():
        for each in (file.name, "config.json", "vocabulary.txt", "README.md"):
            expected.add(str(saved / name / each))
    assert found == expected
    needed = [
        line.split()[1]
        for line in lines
        if line.startswith("Requires-Dist") and "extra ==" not in line
    ]
    assert {re.split("[<>=;]", each)[0] for each in needed} == set(DEPENDENCIES)
    assert f"Version: {keras_imgdesc.__version__}" in lines


def test_every_running_verb_has_a_preset():
    current = {name for name, file in shipped_files().items() if is_current(file)}
    assert default_presets() <= current


@pytest.mark.parametrize("name", ["tensorflow", "keras", "h5py", "keras_nlp"])
def test_nothing_of_tensorflow_can_be_imported(light, name, tmp_path):
    done = run(light / "python", "-c", f"import {name}", cwd=tmp_path)
    assert f"No module named '{name}'" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_verb_does_what_it_does_beside_tensorflow(name, answers):
    here, there = answers[name]
    assert here[0] == 0, here[3]
    assert here[:3] == there[:3]
    assert here[1]


def test_the_answers_are_about_the_photographs(answers):
    captions = [json.loads(line) for line in answers["describe"][0][1].splitlines()]
    assert len(captions) == len(list(PHOTOS.iterdir()))
    assert all(len(row["caption"].split()) >= 4 for row in captions)
    classes = [json.loads(line) for line in answers["classify"][0][1].splitlines()]
    labels = {Path(row["path"]).stem: row["classes"][0]["label"] for row in classes}
    assert labels["cat"] == "Egyptian cat" and labels["coffee"] == "espresso"
    assert "6 added" in answers["index"][0][1]
    hits = answers["search by image"][0][1].splitlines()
    assert hits[0].startswith("1.000") and hits[0].endswith("cat.jpg")
    assert "words out:" in answers["roundtrip"][0][1]
    files = answers["roundtrip"][0][2]
    assert {Path(name).parts[0] for name in files} == {
        *("maps", "painted", "way", "best.png", "s.png", "trip.png")
    }


def test_presets_are_those_that_ship(light, tmp_path):
    done = run(light / "keras-imgdesc", "presets", cwd=tmp_path)
    names = {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert names == set(shipped_files())
    version_line = run(light / "keras-imgdesc", "--version", cwd=tmp_path).stdout
    assert version_line == f"keras-imgdesc, version {keras_imgdesc.__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        ("train", "captioner", "--recipe", "r.json", "--run-dir", "r", "--scenes"),
        ("evaluate", "captioner", "--preset", "flickr8k_efficientnet_lstm", "--scenes"),
        ("export", "tflite", "--preset", "scenes_cvae", "-o", "painter.tflite"),
        ("verify", "scenes_cvae"),
        ("describe", CAT, "--runtime", "tensorflow"),
        ("paint", CIRCLE, "--sheet", "p.png", "--runtime", "tensorflow"),
        ("describe", CAT, "--num-beams", "7"),
    ],
    ids=lambda command: " ".join(map(str, (command[0], *command[2:]))),
)
def test_what_needs_tensorflow_says_so(command, light, more_presets, tmp_path):
    done = run(
        light / "keras-imgdesc",
        *command,
        cwd=tmp_path,
        **{PRESETS_VARIABLE: str(more_presets)},
    )
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert "TensorFlow" in line and "`pip install keras-imgdesc`" in line


def test_python_loads_presets_in_litert(light, more_presets, tmp_path):
    program = """
import sys
import keras_imgdesc

captioner = keras_imgdesc.load("flickr8k_efficientnet_lstm")
print(type(captioner).__name__, captioner.generate(sys.argv[1]))
keras_imgdesc.ImageCaptioner
"""
    done = run(
        *(light / "python", "-c", program, CAT),
        cwd=tmp_path,
        **{PRESETS_VARIABLE: str(more_presets)},
    )
    assert done.stdout.startswith("LiteCaptioner a ")
    assert "keras_imgdesc.ImageCaptioner needs TensorFlow" in done.stderr


def test_the_readme_says_how_much_is_installed(light):
    """Roughly: `du` counts whole blocks, and presets may still get their files."""
    (packages,) = (light.parent / "lib").glob("python*/site-packages")
    own_tools = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
    size = sum(
        file.stat().st_size
        for file in packages.rglob("*")
        if file.is_file()
        and not file.relative_to(packages).parts[0].startswith(own_tools)
    )
    text = (ROOT / "README.md").read_text("utf-8")
    stated = re.search(r"`pip install ./packaging/lite` \|.*\| (\d+) MB \|", text)
    assert stated and 0.85 < size / 2**20 / int(stated[1]) < 1.1
    guide = (ROOT / "docs" / "phone.md").read_text("utf-8")
    assert f"| `pip install ./packaging/lite` | {stated[1]} |" in guide
