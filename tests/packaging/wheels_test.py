"""The wheels of keras-imgdesc and keras-imgdesc-presets, and the source distribution.

The wheel of keras-imgdesc is built from its source distribution, and both wheels are
installed with pip into an environment of their own, which borrows all other packages
from the one that runs the tests.
"""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import keras_imgdesc

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CAT = ROOT / "examples" / "photos" / "cat.jpg"
SAVED_MODELS = "keras_imgdesc/saved_models/"
# What a package index usually takes.
INDEX_LIMIT = 100_000_000


def run(*command: object, cwd: Path) -> str:
    """Run a command in a folder outside of the repository; return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """The source distribution and the wheels, by the name of the distribution."""
    folder = tmp_path_factory.mktemp("dist")
    # Without options: a source distribution, and from it the wheel.
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    more = ROOT / "packaging" / "presets"
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, more),
        cwd=folder,
    )
    (source,) = folder.glob("*.tar.gz")
    (main,) = folder.glob("keras_imgdesc-*.whl")
    (presets,) = folder.glob("keras_imgdesc_presets-*.whl")
    return {"source": source, "main": main, "presets": presets}


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {n for n in archive.namelist() if ".dist-info/" not in n}


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory) -> Path:
    """Folder of the commands of an environment with the wheel of keras-imgdesc."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # An editable installation there takes a file that is not read through this one.
    borrowed = sysconfig.get_path("purelib")
    (packages / "borrowed.pth").write_text(f"{borrowed}\n")
    commands = folder / "bin"
    pip = (commands / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    run(*pip, "--ignore-installed", built["main"], cwd=folder)
    return commands


def test_an_index_takes_them(built):
    assert built["main"].stat().st_size <= 60_000_000
    assert all(file.stat().st_size < INDEX_LIMIT for file in built.values())


def test_the_two_wheels_have_every_preset_and_no_file_twice(built):
    main, more = names_in(built["main"]), names_in(built["presets"])
    shipped = {
        f"{SAVED_MODELS}{path.relative_to(ROOT / 'saved_models').as_posix()}"
        for path in (ROOT / "saved_models").glob("*/*")
        if path.parent.name != "__pycache__"
    }
    assert not main & more
    assert {n for n in main | more if n.startswith(SAVED_MODELS)} == shipped | {
        f"{SAVED_MODELS}__init__.py"
    }


def test_the_wheel_has_sources_types_recipes_and_licence(built):
    found = names_in(built["main"])
    expected = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.py", "*.html", "py.typed", "*.txt")
        for path in ROOT.glob(f"keras_imgdesc/**/{pattern}")
    } | {
        f"keras_imgdesc/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "recipes").rglob("*")
        if path.suffix in (".json", ".py")
    }
    assert {n for n in found if not n.startswith(SAVED_MODELS)} == expected
    for wheel in (built["main"], built["presets"]):
        with zipfile.ZipFile(wheel) as archive:
            (licence,) = (n for n in archive.namelist() if n.endswith("/LICENSE"))
            assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_an_installed_wheel_runs_in_litert(environment, tmp_path):
    command = environment / "keras-imgdesc"
    version = run(command, "--version", cwd=tmp_path)
    assert version == f"keras-imgdesc, version {keras_imgdesc.__version__}\n"
    (line,) = run(command, "describe", CAT, "--json", cwd=tmp_path).splitlines()
    assert "cat" in json.loads(line)["caption"]
    run(command, "index", CAT.parent, "-o", "photos.index", cwd=tmp_path)
    hits = run(command, "search", "photos.index", "a cat", cwd=tmp_path)
    assert hits.splitlines()[0].endswith("cat.jpg")
    painted = run(command, "roundtrip", "a large red circle", cwd=tmp_path)
    assert "same objects: yes" in painted


def test_recipes_are_found_by_name(environment, tmp_path):
    code = (
        "from keras_imgdesc.training.recipe_files import find_recipe, list_recipes;"
        "print(find_recipe('frozen').parent, len(list_recipes()))"
    )
    folder, count = run(environment / "python", "-c", code, cwd=tmp_path).split()
    assert Path(folder).parts[-2:] == ("keras_imgdesc", "recipes")
    assert int(count) == len(list((ROOT / "recipes").rglob("*.json")))


def test_weights_that_are_missing_are_named_until_they_are_installed(
    environment, built, tmp_path
):
    code = """
from keras_imgdesc.errors import InputError
from keras_imgdesc.tasks import load_preset

for name in ("flickr8k_efficientnet_lstm", "flowers_cvae"):
    try:
        task = load_preset(name)
    except InputError as error:
        print("keras-imgdesc-presets" in error.remedy)
    else:
        print(type(task).__name__)
"""
    python = environment / "python"
    before = run(python, "-c", code, cwd=tmp_path).split()
    pip = (python, "-m", "pip", "--quiet")
    run(*pip, "install", "--no-deps", built["presets"], cwd=tmp_path)
    after = run(python, "-c", code, cwd=tmp_path).split()
    run(*pip, "uninstall", "--yes", "keras-imgdesc-presets", cwd=tmp_path)

    assert before == ["True", "True"]
    assert after == ["ImageCaptioner", "TextToImage"]
    # What belongs to the other wheel is still there.
    (line,) = run(environment / "keras-imgdesc", "describe", CAT, cwd=tmp_path)[
        :-1
    ].splitlines()
    assert "cat" in line
