"""The contract of tasks: what each must do with presets, checked on a toy."""

import hashlib
import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.task import Task

# VarianceScaling is the base of He's, Glorot's and LeCun's.
RANDOM = (
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
)


class TaskContract:
    """Checks of a task; `run` makes them all.

    Args:
        task: a toy, whose weights are random.
        answer: returns numbers that a task computes, for instance scores.
        train: trains a task for one step.
        tolerance: how far answers may be apart, as a part of the largest, when weights
            are rounded to float16 and when computation is in bfloat16.
    """

    def __init__(
        self,
        task: Task,
        answer: Callable[[Any], Any],
        train: Callable[[Any], Any],
        tolerance: tuple[float, float] = (0.02, 0.2),
    ) -> None:
        self.task, self.kind = task, type(task)
        self.answer, self.train, self.tolerance = answer, train, tolerance

    def run(self, tmp_path: Path) -> None:
        self.parts_are_arguments_and_attributes()
        folder = tmp_path / "preset"
        self.task.save_to_preset(folder)
        self.a_preset_is_a_folder_of_data(folder)
        self.saving_and_loading_keeps_the_answers(folder, tmp_path / "again")
        self.no_initial_values_are_drawn(folder)
        self.each_precision_computes_and_trains(folder)
        self.the_summary_names_every_part()
        self.another_task_is_refused(folder)
        self.only_registered_classes_are_built(folder, tmp_path / "changed")

    def parts_are_arguments_and_attributes(self) -> None:
        arguments = inspect.signature(self.kind).parameters
        parts = self.task.parts()
        assert list(parts) == list(self.kind.PARTS) and parts
        for name, part in parts.items():
            assert name in arguments and part is getattr(self.task, name)
            assert type(part) in self.kind.PARTS[name]
            assert part.built

    def a_preset_is_a_folder_of_data(self, folder: Path) -> None:
        names = ["README.md", "config.json", "model.weights.h5", "vocabulary.txt"]
        assert sorted(path.name for path in folder.iterdir()) == names
        config = json.loads((folder / "config.json").read_text("utf-8"))
        assert config["task"] == self.kind.__name__
        assert config["summary"] == self.task.description != ""
        for name, part in self.task.parts().items():
            kind = keras.saving.get_registered_name(type(part))
            assert config[name]["class"] == kind
        lines = (folder / "vocabulary.txt").read_text("utf-8").split("\n")
        assert tuple(lines[:-1]) == tuple(self.task.vocabulary.tokens)

    def saving_and_loading_keeps_the_answers(self, folder: Path, other: Path) -> None:
        loaded = self.kind.from_preset(folder)
        assert type(loaded) is self.kind
        assert loaded.vocabulary == self.task.vocabulary
        assert loaded.preset_settings() == self.task.preset_settings()
        for name, part in self.task.parts().items():
            got = loaded.parts()[name]
            assert got.get_config().keys() == part.get_config().keys()
            for new, old in zip(got.weights, part.weights, strict=True):
                assert new.path == old.path
                old, new = ops.convert_to_numpy(old), ops.convert_to_numpy(new)
                np.testing.assert_allclose(new, old, rtol=1e-3, atol=1e-6)
        self.assert_close(loaded, self.tolerance[0])
        # Rounded once, a task stays what it is.
        loaded.save_to_preset(other)
        twice = self.kind.from_preset(str(other))
        np.testing.assert_array_equal(self.answer(twice), self.answer(loaded))

    def no_initial_values_are_drawn(self, folder: Path) -> None:
        """Check that weights are created from the file, not filled and replaced."""
        drawn = []

        def note(initializer: Any, shape: Any, dtype: Any = None, **_: Any) -> Any:
            # While shapes are inferred, a value is a symbol, which costs nothing.
            if tf.executing_eagerly():
                drawn.append((initializer, shape))
            return ops.zeros(shape, dtype)

        with pytest.MonkeyPatch.context() as patch:
            for name in RANDOM:
                kind = getattr(keras.initializers, name)
                patch.setattr(kind, "__call__", note)
            self.kind.from_preset(folder)
            assert not drawn
            # The check can fail: the same parts without a preset draw.
            for part in self.task.parts().values():
                type(part).from_config(part.get_config())
            assert drawn

    def each_precision_computes_and_trains(self, folder: Path) -> None:
        before = keras.config.dtype_policy().name
        for policy in ("float32", "mixed_bfloat16"):
            task = self.kind.from_preset(folder, dtype=policy)
            assert keras.config.dtype_policy().name == before
            for part in task.parts().values():
                assert {v.dtype for v in part.weights if v.trainable} <= {"float32"}
            compute = {
                layer.compute_dtype
                for part in task.parts().values()
                for layer in part._flatten_layers()
            }
            assert ("bfloat16" in compute) == (policy == "mixed_bfloat16")
            self.assert_close(task, self.tolerance[int(policy != "float32")])
            trained = [v for p in task.parts().values() for v in p.trainable_weights]
            values = [array(variable) for variable in trained]
            self.train(task)
            moved = [
                (old != new).any() for old, new in zip(values, map(array, trained))
            ]
            assert any(moved)
            assert all(np.isfinite(array(variable)).all() for variable in trained)
        with pytest.raises(InputError, match="'mixed_bfloat16'"):
            self.kind.from_preset(folder, dtype="bfloat16")

    def the_summary_names_every_part(self) -> None:
        lines: list[str] = []
        self.task.summary(print_fn=lines.append)
        assert lines[0] == f"{self.kind.__name__}: {self.task.description}"
        rows = [line.split() for line in lines[2:]]
        *parts, total = rows
        named = {name: type(part) for name, part in self.task.parts().items()}
        assert {row[0]: row[1] for row in parts} == {
            name: kind.__name__ for name, kind in named.items()
        }
        for column in (-2, -1):
            counts = [int(row[column].replace(",", "")) for row in parts]
            assert sum(counts) == int(total[column].replace(",", ""))

    def another_task_is_refused(self, folder: Path) -> None:
        other = type("AnotherTask", (Task,), {})
        remedy = f"AnotherTask.*{self.kind.__name__}.from_preset"
        with pytest.raises(InputError, match=remedy):
            other.from_preset(folder)

    def only_registered_classes_are_built(self, folder: Path, changed: Path) -> None:
        changed.mkdir()
        for path in folder.iterdir():
            (changed / path.name).write_bytes(path.read_bytes())
        config = json.loads((folder / "config.json").read_text("utf-8"))
        for name in self.kind.PARTS:
            stranger = {"class": "os>system", "config": {"command": "true"}}
            text = json.dumps(config | {name: stranger})
            (changed / "config.json").write_text(text)
            with pytest.raises(InputError, match="not registered.*os>system"):
                self.kind.from_preset(changed)

    def assert_close(self, task: Task, tolerance: float) -> None:
        expected = np.asarray(self.answer(self.task), "float64")
        got = np.asarray(self.answer(task), "float64")
        assert got.shape == expected.shape
        atol = tolerance * np.abs(expected).max()
        np.testing.assert_allclose(got, expected, atol=atol)


def array(variable: Any) -> np.ndarray:
    return ops.convert_to_numpy(variable)


@pytest.fixture
def run_task_contract(tmp_path: Path) -> Callable[..., None]:
    """Check all that is expected of a task: `(task, answer, train, **tolerance)`."""

    def run(task: Task, *arguments: Any, **options: Any) -> None:
        TaskContract(task, *arguments, **options).run(tmp_path)

    return run


@pytest.fixture
def change_preset(toy_presets: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Copy a toy preset and change it: (task, config=, weights=, name=).

    `config` is called with the contents of `config.json`, `weights` with the open
    `h5py.File`; the checksums in the copy are right.
    """

    def change(
        task: str,
        config: Callable[[dict[str, Any]], Any] = lambda config: None,
        weights: Callable[[Any], None] | None = None,
        name: str = "changed",
    ) -> Path:
        folder = tmp_path / name
        shutil.copytree(toy_presets[task], folder)
        if weights is not None:
            with h5py.File(folder / "model.weights.h5", "r+") as file:
                weights(file)
        contents = json.loads((folder / "config.json").read_text("utf-8"))
        for file_name in contents["sha256"]:
            content = (folder / file_name).read_bytes()
            contents["sha256"][file_name] = hashlib.sha256(content).hexdigest()
        contents = config(contents) or contents
        (folder / "config.json").write_text(json.dumps(contents), "utf-8")
        return folder

    return change
