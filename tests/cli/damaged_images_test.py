import json
from pathlib import Path

import pytest

PHOTO = Path(__file__).parents[2] / "examples/photos/cat.jpg"


@pytest.fixture
def photos(tmp_path) -> Path:
    whole = PHOTO.read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole)
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    return tmp_path


@pytest.fixture
def rows(run):
    def call(*arguments) -> tuple[int, dict[str, dict]]:
        code, out, err = run(*arguments, "--json")
        assert not err
        found = [json.loads(line) for line in out.splitlines()]
        return code, {Path(row["path"]).name: row for row in found}

    return call


@pytest.mark.parametrize("command", ["describe", "score"])
def test_a_damaged_image_is_used_and_listed(run, rows, presets, photos, command):
    preset = presets["captioner" if command == "describe" else "matcher"]
    texts = ["--text", "a red circle"] if command == "score" else []
    arguments = [command, photos, "--preset", preset, *texts]
    code, out, err = run(*arguments)
    assert code == 0 and "b.jpg" in out
    assert "1 image is damaged" in err and "b.jpg: data are missing" in err
    assert "a.jpg" not in err
    code, found = rows(*arguments)
    assert code == 0 and found["b.jpg"]["damaged"] is True
    assert "damaged" not in found["a.jpg"]


@pytest.mark.parametrize("command", ["describe", "score"])
def test_a_damaged_image_is_refused(run, rows, presets, photos, command):
    preset = presets["captioner" if command == "describe" else "matcher"]
    texts = ["--text", "a red circle"] if command == "score" else []
    arguments = [command, photos, "--preset", preset, *texts, "--refuse-damaged"]
    code, out, err = run(*arguments)
    assert code == 1 and "b.jpg" not in out
    assert "1 of 2 images failed" in err and "The image is damaged" in err
    code, found = rows(*arguments)
    assert code == 1 and "The image is damaged" in found["b.jpg"]["error"]


def test_an_index_says_which_images_are_damaged(run, presets, photos, tmp_path):
    arguments = ["index", photos, "--preset", presets["matcher"], "--output"]
    code, out, err = run(*arguments, tmp_path / "index")
    assert code == 0 and "2 images" in out and "1 image is damaged" in err
    code, out, err = run(*arguments, tmp_path / "other", "--refuse-damaged")
    assert code == 1 and "1 image in" in out and "1 of 2 images failed" in err


def test_extract_says_which_images_are_damaged(run, presets, photos, tmp_path):
    arguments = ["extract", photos, "--preset", presets["captioner"], "--output"]
    code, out, err = run(*arguments, tmp_path / "features")
    assert code == 0 and "2 feature maps" in out and "1 image is damaged" in err
    code, out, err = run(*arguments, tmp_path / "other", "--refuse-damaged")
    assert code == 1 and "1 feature maps" in out and "The image is damaged" in err
