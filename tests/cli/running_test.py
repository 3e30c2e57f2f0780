"""The commands that run presets: their runtime, and what they import."""

import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image

# Imports of these are refused, as if they were not installed.
HEAVY = ("tensorflow", "keras", "keras_hub", "h5py", "tensorflow_datasets", "jax")
PROGRAM = f"""
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ImportError(name + " must not be imported")

sys.meta_path.insert(0, Refusing())
from keras_imgdesc.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        Image.new("RGB", (50, 40), name).save(folder / f"{name}.png")
    return folder


def run_light(*arguments) -> subprocess.CompletedProcess:
    """Run a command where TensorFlow and Keras cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def commands(presets, photos, place):
    """Return the arguments of every command that runs presets, by its name."""
    painter = ["--preset", presets["painter"]]
    matcher = ["--preset", presets["matcher"]]
    index = place / "index"
    return {
        "describe": [photos, "--preset", presets["captioner"]]
        + ["--attention-dir", place / "maps"],
        "classify": [photos, "--preset", presets["classifier"]],
        "index": [photos, "-o", index, *matcher],
        "search": [index, "a red dog", *matcher, "--sheet", place / "search.png"],
        "score": [photos, "--text", "a red dog", *matcher],
        "paint": ["a bird", "--output-dir", place / "painted", *painter]
        + ["--sheet", place / "paint.png", "--rerank", presets["matcher"]],
        "interpolate": ["a bird", "red dog", "--sheet", place / "i.png", *painter],
        "roundtrip": ["a red dog", *painter, "--matcher", presets["matcher"]]
        + ["--captioner", presets["captioner"], "--sheet", place / "trip.png"],
    }


def test_no_command_imports_tensorflow(lite_presets, photos, tmp_path):
    for name, arguments in commands(lite_presets, photos, tmp_path).items():
        done = run_light(name, *arguments)
        assert done.returncode == 0, (name, done.stderr)
        # LiteRT has something to say when it starts.
        assert "INFO" not in done.stderr, name


def test_an_import_of_tensorflow_would_be_seen(lite_presets, photos):
    preset = lite_presets["captioner"]
    done = run_light("describe", photos, "--preset", preset, "--runtime", "tensorflow")
    assert done.returncode != 0 and "tensorflow must not be imported" in done.stderr


def test_both_runtimes_print_the_same(run, lite_presets, photos, tmp_path):
    table = commands(lite_presets, photos, tmp_path)
    for name, arguments in table.items():
        json_output = [] if name in ("index", "interpolate") else ["--json"]
        answers = []
        for runtime in ("litert", "tensorflow"):
            code, out, err = run(name, *arguments, *json_output, "--runtime", runtime)
            assert code == 0, (name, runtime, err)
            answers.append(out)
        if json_output and name not in ("paint",):
            lite, whole = ([json.loads(x) for x in out.splitlines()] for out in answers)
            assert lite == [approximately(row) for row in whole], name


def approximately(value):
    """Allow for the rounding of another runtime."""
    if isinstance(value, float):
        return pytest.approx(value, abs=2e-3)
    if isinstance(value, dict):
        return {key: approximately(each) for key, each in value.items()}
    return [approximately(x) for x in value] if isinstance(value, list) else value


def test_verbose_names_the_runtime_and_the_reason(run, lite_presets, photos):
    describe = ["describe", photos, "--preset", lite_presets["captioner"]]
    code, quiet, err = run(*describe)
    assert code == 0 and err == ""
    code, out, err = run(*describe, "-v")
    assert code == 0 and out == quiet and len(err.splitlines()) == 1
    assert "runs in LiteRT" in err and "captioner.tflite (float32)" in err
    code, _, err = run(*describe, "-v", "--num-beams", 1)
    assert code == 0 and len(err.splitlines()) == 1
    assert "runs in TensorFlow" in err and "num_beams=1" in err
    code, _, err = run(*describe, "--num-beams", 1)
    assert code == 0 and err == ""


def test_litert_refuses_what_its_file_cannot_do(run, lite_presets, photos):
    describe = ["describe", photos, "--preset", lite_presets["captioner"]]
    for option in (["--num-beams", 1], ["--avoid", "dog"], ["--precision", "auto"]):
        code, out, err = run(*describe, *option, "--runtime", "litert")
        assert code == 2 and out == "" and len(err.splitlines()) == 1
        assert "fixed" in err


def test_a_damaged_file_is_named_without_being_asked(
    run, lite_presets, photos, tmp_path
):
    folder = tmp_path / "damaged"
    shutil.copytree(lite_presets["captioner"], folder)
    file = folder / "captioner.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    describe = ["describe", photos, "--preset", folder]
    code, out, err = run(*describe)
    assert code == 0 and len(out.splitlines()) == 3
    assert len(err.splitlines()) == 1 and "damaged" in err and str(file) in err
    code, out, err = run(*describe, "--runtime", "litert")
    assert code == 2 and "damaged" in err and out == ""


def test_an_index_is_searched_in_the_runtime_that_built_it(
    run, lite_presets, photos, tmp_path
):
    matcher = tmp_path / "matcher"
    given = ("--preset", matcher)
    shutil.copytree(lite_presets["matcher"], matcher)
    code, _, err = run(
        "export", "tflite", "--preset", matcher, "--quantize", "int8",
        "--representative-images", photos, "--into-preset",
    )  # fmt: skip
    assert code == 0, err
    for runtime, name in (("litert", "LiteRT"), ("tensorflow", "TensorFlow")):
        index = ["-o", tmp_path / runtime, "--preset", matcher]
        code, _, err = run("index", photos, *index, "--runtime", runtime)
        assert code == 0, err
        code, _, err = run("search", tmp_path / runtime, "red", "-v", *given)
        assert code == 0 and f"runs in {name}" in err
        code, _, err = run("index", photos, *index, "-v")
        assert code == 0 and f"runs in {name}" in err
    code, _, err = run(
        *("search", tmp_path / "tensorflow", "red", "--runtime", "litert", *given)
    )
    assert code == 2 and "was not built with matcher.tflite" in err
    code, _, err = run(
        *("search", tmp_path / "litert", "red", "--runtime", "tensorflow", *given)
    )
    assert code == 2 and "It was built in LiteRT: use --runtime litert" in err


def test_a_table_of_scores(run, lite_presets, photos):
    (photos / "broken.png").write_bytes(b"not an image")
    score = ["score", photos, "--preset", lite_presets["matcher"]]
    score += ["-t", "a red dog", "-t", "two cats"]
    code, out, err = run(*score)
    lines = out.splitlines()
    assert code == 1 and "1 of 4 images failed" in err and "broken.png" in err
    assert lines[:2] == ["D1: a red dog", "D2: two cats"]
    assert lines[2].split() == ["D1", "D2"] and len(lines) == 6
    code, out, _ = run(*score, "--json")
    rows = {json.loads(line)["path"]: json.loads(line) for line in out.splitlines()}
    assert code == 1 and "error" in rows[str(photos / "broken.png")]
    for line in lines[3:]:
        first, second, path = line.split()
        expected = rows[path]["scores"]
        assert [float(first), float(second)] == pytest.approx(expected, abs=1e-3)
    code, _, err = run("score", photos, "-t", " ")
    assert code == 2 and "words in it" in err
