"""A path that is wrong does not affect the others."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.png"
    Image.fromarray(np.zeros((40, 50, 3), "uint8")).save(path)
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("describe", "--preset", "captioner"),
        ("score", "--text", "a red star", "--preset", "matcher"),
    ],
)
def test_the_good_one_is_answered_and_the_bad_one_reported(
    run, presets, good, tmp_path, command
):
    bad = tmp_path / "bad.jpg"
    (tmp_path / "empty").mkdir()
    name, *options = [presets.get(word, word) for word in command]
    given = [good, bad, tmp_path / "empty"]
    code, out, err = run(name, *given, *options)
    assert code == 1 and "good.png" in out
    assert "2 of 3 images failed" in err and str(bad) in err and "empty" in err
    code, out, _ = run(name, *given, *options, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    failed = [row["path"] for row in rows if "error" in row]
    assert code == 1 and len(rows) == 3 and failed == [str(bad), str(given[2])]
    code, out, err = run(name, bad, *options)
    assert (code, out) == (2, "") and str(bad) in err


def test_features_of_the_good_one_are_cached(run, presets, good, tmp_path):
    options = ("--preset", presets["captioner"], "-o", tmp_path / "cache")
    code, out, err = run("extract", good, tmp_path / "bad.jpg", *options)
    assert code == 1 and out.startswith("1 feature maps") and "bad.jpg" in err
