"""Commands that need TensorFlow, in a process that has none."""

import subprocess
import sys

import pytest

# TensorFlow and Keras are not found, as in an environment without them.
WITHOUT = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
from keras_imgdesc.cli import main
main(sys.argv[1:])
"""


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "command",
    [
        "train captioner --recipe r.json --run-dir runs/r --scenes --set epochs=1",
        "train classifier --recipe r.json --run-dir runs/r --images photos",
        "evaluate captioner --preset no_such_preset --scenes",
        "export tflite --preset no_such_preset -o c.tflite",
        "verify no_such_preset",
        "extract photo.jpg --preset no_such_preset -o features",
    ],
)
def test_one_line_says_what_to_install(command):
    done = run(*command.split())
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and not done.stdout
    assert command.split()[0] in line
    assert "needs TensorFlow and Keras" in line
    assert "`pip install keras-imgdesc`" in line


@pytest.mark.parametrize("command", ["train captioner", "evaluate", "verify", ""])
def test_help_and_wrong_options_come_first(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0 and f"{command} [OPTIONS]" in done.stdout
    done = run(*command.split(), "--no-such-option")
    assert done.returncode == 2 and "No such option" in done.stderr


def test_what_needs_no_tensorflow_runs():
    done = run("presets")
    assert done.returncode == 0 and "scenes_cvae" in done.stdout
    assert run("--version").stdout.startswith("keras-imgdesc, version ")
