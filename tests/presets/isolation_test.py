"""Loading a preset opens no connection, and no file outside the preset."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

# The argument is a list of the folders of presets.
CHILD = textwrap.dedent(
    """
    import json, os, site, sys

    import keras_nlp
    from keras_imgdesc.errors import InputError
    from keras_imgdesc.tasks import load_preset

    names = json.loads(sys.argv[1])
    load_preset(names[0])  # modules are imported late

    libraries = {sys.prefix, sys.base_prefix, *site.getsitepackages(), *sys.path[1:]}
    libraries = [os.path.realpath(path) for path in libraries if path]
    allowed, broken = [], []

    def inside(path, folders):
        path = os.path.realpath(os.fsdecode(path))
        return any(path == f or path.startswith(f + os.sep) for f in folders)

    def watch(event, arguments):
        if event.startswith(("socket.", "subprocess.", "os.system", "os.exec")):
            broken.append([event, repr(arguments)])
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            path = arguments[0]
            if not inside(path, allowed + libraries) and not is_of_the_system(path):
                broken.append([event, repr(path)])

    def is_of_the_system(path):
        return os.fsdecode(path).startswith(("/proc/", "/sys/", "/dev/null"))

    sys.addaudithook(watch)
    results = {}
    for name in names:
        allowed[:] = [os.path.realpath(name)]
        try:
            load_preset(name)
            results[name] = "loaded"
        except InputError as error:
            results[name] = error.rule
    found, broken[:] = list(broken), []
    open(os.path.join(names[0], "..", "outside"), "w").close()
    print(json.dumps([results, found, bool(broken)]))
    """
)


def replace(*path, value):
    def change(config):
        place = config
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


BERT = {
    "class": "keras_imgdesc>BertTextEncoder",
    "config": {"source": "hf://sentence-transformers/all-MiniLM-L6-v2"},
}
# Places where a configuration could name something to read or to fetch.
HOSTILE = {
    "captioner": [
        replace("image_encoder", "config", "weights", value="imagenet"),
        replace("decoder", "config", "weights", value="/etc/hostname"),
        replace("image_encoder", "class", value="keras_imgdesc>ImageCaptioner"),
    ],
    "classifier": [
        replace("image_encoder", "config", "weights", value="imagenet"),
        replace("head", "class", value="keras>TFSMLayer"),
    ],
    "matcher": [
        replace("text_encoder", value=BERT),
        replace("image_encoder", "config", "weights", value="/etc/hostname"),
    ],
    "painter": [
        replace("text_encoder", value=BERT),
        replace("generator", "config", "source", value="kaggle://x/y"),
    ],
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, toy_presets):
    """Load good and hostile presets of each task in a process that is watched.

    Returns "loaded" or the broken rule by task and name, and what was opened outside.
    """
    root = tmp_path_factory.mktemp("isolation")
    folders = []
    for task, changes in HOSTILE.items():
        for name in ("good", "linked", *range(len(changes))):
            folder = root / f"{task}-{name}"
            shutil.copytree(toy_presets[task], folder)
            folders.append(str(folder))
            if isinstance(name, int):
                config = json.loads((folder / "config.json").read_text("utf-8"))
                changes[name](config)
                (folder / "config.json").write_text(json.dumps(config), "utf-8")
            elif name == "linked":
                (folder / "vocabulary.txt").unlink()
                target = toy_presets[task] / "vocabulary.txt"
                (folder / "vocabulary.txt").symlink_to(target)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(folders)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results, opened, can_fail = json.loads(done.stdout.splitlines()[-1])
    assert can_fail
    found = {task: {} for task in HOSTILE}
    for folder, result in results.items():
        task, name = Path(folder).name.split("-")
        found[task][name] = result
    return found, opened


@pytest.mark.parametrize("task", HOSTILE)
def test_a_preset_is_all_that_is_opened(loaded, task):
    found, opened = loaded
    assert opened == []
    results = dict(found[task])
    assert results.pop("good") == "loaded"
    assert "loaded" not in results.values()
    assert len(results) == len(HOSTILE[task]) + 1
