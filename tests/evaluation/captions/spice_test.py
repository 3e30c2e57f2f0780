import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions import spice
from keras_imgdesc.evaluation.captions.spice import DOWNLOADED, Spice


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of pycocoevalcap's SPICE that would tell if it downloaded anything."""
    import pycocoevalcap
    from pycocoevalcap.spice import get_stanford_models
    from pycocoevalcap.spice import spice as library

    original = Path(next(iter(pycocoevalcap.__path__)), "spice")
    (tmp_path / "spice/lib").mkdir(parents=True)
    for name in ("spice.py", "get_stanford_models.py"):
        shutil.copy(original / name, tmp_path / "spice")
    (tmp_path / "spice/spice-1.0.jar").touch()
    monkeypatch.setattr(spice, "package_file", lambda *parts: Path(tmp_path, *parts))
    monkeypatch.setattr(library, "__file__", str(tmp_path / "spice/spice.py"))
    monkeypatch.setattr(get_stanford_models, "SPICEDIR", str(tmp_path / "spice"))

    def refuse(*arguments, **options):
        raise AssertionError(f"downloads {arguments}")

    monkeypatch.setattr(get_stanford_models, "urlretrieve", refuse)
    return tmp_path / "spice"


def test_nothing_is_downloaded(java, package, collection):
    with pytest.raises(InputError, match="does not contain") as error:
        Spice().check()
    assert error.value.received["missing"] == list(DOWNLOADED)
    (package / "lib" / DOWNLOADED[0]).touch()
    with pytest.raises(InputError, match="models.jar"):
        Spice().compute(["a", "b", "c"], collection)


def test_scores_are_read_from_the_library(java, package, collection, monkeypatch):
    """The library's own files are not at hand: its Java program is replaced."""
    from pycocoevalcap.spice import spice as library

    for name in DOWNLOADED:
        (package / "lib" / name).touch()
    asked = []

    def run(command, cwd):
        asked.extend(json.loads(Path(command[4]).read_text()))
        answers = [
            {"image_id": i, "scores": {"All": {"f": f, "pr": 1.0, "re": 1.0}}}
            for i, f in ((0, 0.5), (1, None), (2, 0.25))
        ]
        Path(command[command.index("-out") + 1]).write_text(json.dumps(answers))

    monkeypatch.setattr(library.subprocess, "check_call", run)
    metric, captions = Spice(), ["A dog (runs)!", "b", "c"]
    assert metric.compute(captions, collection) == {"spice": 25.0}
    sampled = metric.sampler(captions, collection)(np.array([[2, 1, 0]]))
    assert sampled["spice"] == pytest.approx([100 / 3])
    assert len(asked) == 3 and asked[0]["test"] == "a dog runs"
    assert asked[1]["refs"][0] == "two men play soccer"


def test_java_is_needed(without_java):
    with pytest.raises(InputError, match="SPICE runs in Java"):
        Spice().check()
