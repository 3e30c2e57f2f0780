"""Tests of the command `presets`."""

import json
from pathlib import Path

import pytest

from keras_imgdesc.cli.preset_list import TASKS
from keras_imgdesc.lite.model_file import PRESET_FILES
from keras_imgdesc.presets.folders import PRESETS_VARIABLE, list_presets

SAVED_MODELS = Path(__file__).parents[2] / "saved_models"


def rows(run, *options):
    code, out, err = run("presets", "--json", *options)
    assert code == 0 and not err
    return {row["preset"]: row for row in map(json.loads, out.splitlines())}


def test_every_task_has_a_word():
    assert TASKS.keys() == PRESET_FILES.keys()


def test_the_shipped_presets_are_a_table_with_a_score_each(run):
    code, out, err = run("presets")
    header, *lines = out.splitlines()
    assert code == 0 and not err
    assert header.split() == ["preset", "task", "MB", "default", "score", "what"]
    assert [line.split()[0] for line in lines] == list(list_presets())
    start = header.index("what")
    assert all(line[start - 1] == " " != line[start] for line in lines)


def test_json_has_size_score_and_the_commands_of_a_default(run):
    found = rows(run)
    assert all(
        row["score"] and row["summary"] and row["task"] for row in found.values()
    )
    assert found["flickr8k_efficientnet_lstm"]["default_of"] == ["describe"]
    assert found["scenes_cvae"]["default_of"] == ["paint", "interpolate", "roundtrip"]
    assert found["flowers_dcgan"]["default_of"] == []
    files = (SAVED_MODELS / "scenes_lstm").iterdir()
    assert found["scenes_lstm"]["bytes"] == sum(file.stat().st_size for file in files)


@pytest.mark.parametrize("task", TASKS.values())
def test_one_task_is_listed(run, task):
    found = rows(run, "--task", task)
    assert found and {row["task"] for row in found.values()} == {task}


def test_a_saved_preset_and_a_broken_one_are_listed(
    run, presets, tmp_path, monkeypatch
):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("[")
    (tmp_path / "own").symlink_to(presets["captioner"])
    monkeypatch.setenv(PRESETS_VARIABLE, str(tmp_path))
    found = rows(run)
    assert found["own"]["task"] == "caption" and found["own"]["score"] is None
    assert found["broken"]["task"] is None
    assert found["broken"]["summary"].startswith("broken: ")
    code, out, _ = run("presets")
    assert code == 0 and "broken: " in out


def test_a_score_is_saved_with_the_preset(presets, tmp_path):
    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.presets.folders import read_config

    captioner = ImageCaptioner.from_preset(presets["captioner"])
    captioner.save_to_preset(tmp_path / "scored", score="BLEU-4 20.0")
    assert read_config(tmp_path / "scored")["score"] == "BLEU-4 20.0"
