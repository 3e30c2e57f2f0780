"""The contract of every recipe."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.recipe import Recipe
from keras_imgdesc.training.run_directory import RunDirectory


@pytest.fixture
def record_saves(monkeypatch) -> Callable[[type], list[tuple[str, int]]]:
    """Replace a run's `save` by one that lists the place and the epoch, from 1."""

    def record(kind: type) -> list[tuple[str, int]]:
        saves: list[tuple[str, int]] = []

        def save(self, place):
            saves.append((place, len(self.directory.metrics()) + 1))

        monkeypatch.setattr(kind, "save", save)
        return saves

    return record


@pytest.fixture
def run_recipe_contract(tmp_path, capsys, monkeypatch) -> Callable[..., Any]:
    """Return a check of what every recipe promises.

    The JSON round trip, the messages for unknown fields and refused precisions, the
    fields' old names; a training that prints nothing, writes `metrics.csv` and
    TensorBoard events, ends in the same weights if it is resumed, refuses a loss that
    is not finite, and stops when patience runs out.

    Args:
        recipe: toy of two epochs or more; with `patience=2` if it has that field.
        train: function of `(recipe, run_dir, progress)` that trains and returns the
            result. It is called four times.
        rtol, atol: tolerances for the weights of a resumed run.
        share: share of the weights that must be within the tolerances.
        largest: maximum difference of any weight.
        broken: value of all weights that makes the loss infinite or not a number.

    Returns:
        The result of the uninterrupted training, which is in `tmp_path / "full"`.
    """

    def check(
        recipe: Recipe,
        train: Callable[[Any, Path, bool], Any],
        *,
        rtol: float = 1e-3,
        atol: float = 1e-5,
        share: float = 1.0,
        largest: float = np.inf,
        broken: float = np.nan,
    ) -> Any:
        _check_json(recipe, tmp_path / "recipe.json")
        full, stopped = tmp_path / "full", tmp_path / "stopped"
        with monkeypatch.context() as patch:
            _copy_after_first_epoch(patch, stopped)
            result = train(recipe, full, False)
        printed = capsys.readouterr()
        # TensorFlow warns of many traces, which here belong to many tests.
        lines = printed.err.splitlines()
        assert [line for line in lines if "triggered tf.function" not in line] == []
        assert printed.out == ""
        _check_logs(full)
        for name in ("not_finite", "impatient"):
            shutil.copytree(stopped, tmp_path / name)
        _write_recipe_of_earlier_version(type(recipe), stopped / "recipe.json")
        train(recipe, stopped, False)
        _check_same_weights(full, stopped, recipe, rtol, atol, share, largest)
        _check_not_finite(recipe, train, tmp_path / "not_finite", broken)
        if hasattr(recipe, "patience"):
            _check_patience(recipe, train, tmp_path / "impatient")
        return result

    return check


def _check_json(recipe: Any, path: Path) -> None:
    path.write_text(recipe.to_json())
    kind = type(recipe)
    assert kind.from_json(path) == recipe
    assert kind.from_dict(recipe.as_dict()) == recipe
    values = recipe.as_dict()
    with pytest.raises(InputError, match=r"no such field.*Did you mean.*'seed'"):
        kind.from_dict(values | {"sead": 1})
    for old, new in kind.RENAMED.items():
        renamed = {old if k == new else k: v for k, v in values.items()}
        assert kind.from_dict(renamed) == recipe
        with pytest.raises(InputError, match=f"no such field.*{old}"):
            kind.from_dict(values | {old: None})
    for precision in ("bfloat16", "float16"):
        with pytest.raises(InputError, match=f"16 bits.*'mixed_{precision}'"):
            replace(recipe, precision=precision)
    path.write_text("{")
    with pytest.raises(InputError, match=path.name):
        kind.from_json(path)


def _copy_after_first_epoch(patch: Any, target: Path) -> None:
    """Copy a run's directory when it commits its first epoch."""
    save = RunDirectory.save_checkpoint

    def save_and_copy(self, *args):
        save(self, *args)
        if not target.exists():
            shutil.copytree(self.path, target)

    patch.setattr(RunDirectory, "save_checkpoint", save_and_copy)


def _write_recipe_of_earlier_version(kind: type[Recipe], path: Path) -> None:
    old_names = {new: old for old, new in kind.RENAMED.items()}
    values = json.loads(path.read_text())
    values = {old_names.get(name, name): value for name, value in values.items()}
    path.write_text(json.dumps(values))


def _rows(run_dir: Path) -> list[dict[str, Any]]:
    return json.loads((run_dir / "checkpoint.json").read_text())["metrics"]


def _check_logs(run_dir: Path) -> None:
    rows = _rows(run_dir)
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    lines = (run_dir / "metrics.csv").read_text().splitlines()
    assert len(lines) == len(rows) + 1 and lines[0].startswith("epoch,")
    logged = set()
    for file in (run_dir / "logs").iterdir():
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            logged |= {(event.step, value.tag) for value in event.summary.value}
    for row in rows:
        numbers = {name for name, value in row.items() if not isinstance(value, str)}
        assert {(row["epoch"], name) for name in numbers} <= logged


def _check_same_weights(
    full: Path,
    stopped: Path,
    recipe: Recipe,
    rtol: float,
    atol: float,
    share: float,
    largest: float,
) -> None:
    one, two = (
        RunDirectory(path, recipe.as_dict()).load_checkpoint()
        for path in (full, stopped)
    )
    assert one.metadata == two.metadata and one.arrays.keys() == two.arrays.keys()
    a, b = (
        np.concatenate([np.ravel(v).astype("float64") for v in each.arrays.values()])
        for each in (one, two)
    )
    assert np.isclose(a, b, rtol=rtol, atol=atol).mean() >= share
    assert np.abs(a - b).max() < largest
    assert len(_rows(full)) == len(_rows(stopped))


def _check_not_finite(
    recipe: Recipe, train: Callable, run_dir: Path, broken: float
) -> None:
    """Resume with broken weights."""
    directory = RunDirectory(run_dir, recipe.as_dict())
    saved = directory.load_checkpoint()
    for name, array in saved.arrays.items():
        if name.startswith(("w/", "student/")) and array.dtype.kind == "f":
            saved.arrays[name] = np.full_like(array, broken)
    directory.save_checkpoint(saved.arrays, saved.metadata)
    with pytest.raises(InputError, match="must stay finite.*epoch=2, step=1"):
        train(recipe, run_dir, False)
    assert directory.load_checkpoint().metadata == saved.metadata == {"epochs_done": 1}


def _check_patience(recipe: Any, train: Callable, run_dir: Path) -> None:
    """Resume after epochs without a better score."""
    assert recipe.patience == 2
    directory = RunDirectory(run_dir, recipe.as_dict())
    saved = directory.load_checkpoint()
    for number in (2, 3):
        row = {"epoch": number, "score": _rows(run_dir)[0]["score"] - number}
        directory.save_checkpoint(saved.arrays, saved.metadata, row)
    before = (run_dir / "metrics.csv").read_text()
    train(recipe, run_dir, False)
    assert (run_dir / "metrics.csv").read_text() == before
