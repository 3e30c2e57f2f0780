"""The directory of a training run: recipe, checkpoint, metrics and logs."""

import csv
import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from keras_imgdesc.atomic_files import is_partial, write_atomically
from keras_imgdesc.disk_errors import disk_errors_as_input_errors
from keras_imgdesc.errors import InputError
from keras_imgdesc.json_files import read_json
from keras_imgdesc.printable import printable
from keras_imgdesc.stored_arrays import file_digest, read_arrays
from keras_imgdesc.stored_names import path_inside
from keras_imgdesc.training.run_data import DATA_FILE

POINTER = "checkpoint.json"
METRICS_FILE = "metrics.csv"
RECIPE_FILE = "recipe.json"

# It has a row for each epoch.
_MOST_POINTER = 64 << 20
_RESTORE = (
    f"Restore it, or remove {POINTER} and {METRICS_FILE} to start again, or use "
    "another directory"
)

# A number, a name, or null for a number that is not finite.
Row = dict[str, float | bool | str | None]


class Pointer(TypedDict):
    """The contents of `checkpoint.json`."""

    file: str
    sha256: str
    metadata: dict[str, Any]
    metrics: list[Row]


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run.

    Attributes:
        arrays: state by name.
        metadata: what else is needed to resume, as JSON values.
    """

    arrays: dict[str, np.ndarray]
    metadata: dict[str, Any]


class RunDirectory:
    """A directory owned by one training run, which may be killed at any moment.

    A checkpoint is a new file, followed by a small file that names it and is put in
    place by one rename: readers find the old state or the new one. `recipe.json` is
    written first. Once the directory holds anything else, another recipe is refused.

    Args:
        path: the directory, created if missing.
        recipe: settings of the run. Notes (key `"notes"`) may change, and the number of
            `"epochs"`, but neither below those that are committed nor after a phase
            that follows them.
        defaults: values of settings that a run of an earlier version lacks.
        upgrade: function from the settings of an earlier version's run to today's
            names; `None` leaves them unchanged.

    Raises:
        InputError: the directory holds a run with other settings, or other files, or
            its files are damaged.

    Example:
    >>> import tempfile
    >>> run = RunDirectory(tempfile.mkdtemp(), {"epochs": 2})
    >>> run.save_checkpoint({"w": np.ones(3)}, {"epoch": 1}, {"loss": 0.5})
    >>> run.load_checkpoint().metadata
    {'epoch': 1}
    """

    def __init__(
        self,
        path: str | Path,
        recipe: dict[str, Any],
        defaults: dict[str, Any] | None = None,
        upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / RECIPE_FILE
        others = [
            p
            for p in self.path.iterdir()
            if p.name not in (target.name, DATA_FILE) and not is_partial(p)
        ]
        for inner in self.path.iterdir():
            if inner.is_symlink() and inner.is_dir():
                # a link must not lead what is written elsewhere
                path_inside(self.path, inner.name)
        for name in (RECIPE_FILE, POINTER, METRICS_FILE):
            if (self.path / name).is_dir():
                raise InputError(
                    f"{name} must be a file",
                    "Remove this folder",
                    folder=self.path / name,
                )
        # A run that failed before it computed anything does not fix the recipe.
        if os.path.lexists(target) and others:
            remedy = "Restore it, or use another directory"
            saved = read_json(
                path_inside(self.path, RECIPE_FILE, remedy=remedy),
                dict[str, Any],
                remedy=remedy,
            )
            before = (defaults or {}) | (upgrade(saved) if upgrade else saved)
            self._refuse_changes(before, recipe)
        elif others:
            raise InputError(
                "A new run needs an empty directory, a resumed one its recipe.json",
                "Use another directory",
                run_dir=str(self.path),
            )
        if not self.is_begun and os.path.lexists(self.path / METRICS_FILE):
            # It was written after the first checkpoint; its epochs would be lost.
            raise InputError(
                f"A run with {METRICS_FILE} must have its {POINTER}",
                _RESTORE,
                file=self.path / POINTER,
            )
        write_atomically(target, (json.dumps(recipe, indent=2) + "\n").encode())

    def _refuse_changes(self, before: dict[str, Any], recipe: dict[str, Any]) -> None:
        changed = sorted(
            key
            for key in before.keys() | recipe.keys()
            if key != "notes" and before.get(key) != _plain(recipe.get(key))
        )
        epochs: tuple[Any, Any] = before.get("epochs"), recipe.get("epochs")
        are_counts = all(type(count) is int for count in epochs)
        done = self._epochs_done() if "epochs" in changed and are_counts else None
        if done is not None and all(done <= count for count in epochs):
            changed.remove("epochs")
        if changed:
            raise InputError(
                "A run directory belongs to one recipe",
                f"Use another directory, or restore {changed}",
                run_dir=str(self.path),
                changed=changed,
                **({"epochs_done": done} if "epochs" in changed else {}),
            )

    def _epochs_done(self) -> int | None:
        """Return the number of committed epochs, or None if it is not known."""
        pointer = self._pointer()
        done = 0 if pointer is None else pointer["metadata"].get("epochs_done")
        return done if type(done) is int else None

    def save_checkpoint(
        self,
        arrays: dict[str, np.ndarray],
        metadata: dict[str, Any],
        metrics: dict[str, Any] | None = None,
    ) -> None:
        """Replace the saved state, atomically.

        Args:
            arrays: state by name, of dtypes that do not need pickle.
            metadata: what else is needed to resume, as JSON values.
            metrics: row to append to `metrics.csv`.

        Raises:
            OSError: the disk is full; the previous state stays intact.
        """
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        content = buffer.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        name = f"checkpoint-{digest[:12]}.npz"
        rows = self.metrics() + ([metrics] if metrics else [])
        write_atomically(self.path / name, content)
        # The pointer carries the metrics: they and the state change together.
        pointer = {
            "file": name,
            "sha256": digest,
            "metadata": metadata,
            "metrics": [{k: _finite(v) for k, v in row.items()} for row in rows],
        }
        write_atomically(
            self.path / POINTER, (json.dumps(pointer, indent=1) + "\n").encode()
        )
        for old in self.path.glob("checkpoint-*.npz"):
            if old.name != name:
                with suppress(OSError):
                    old.unlink()
        self._write_metrics(rows)

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the last saved state, or `None` if there is none.

        Raises:
            InputError: its file is missing or damaged.
        """
        pointer = self._pointer()
        if pointer is None:
            return None
        path = path_inside(
            self.path, pointer["file"], remedy=_RESTORE, error=_damaged_checkpoint
        )
        # Of a huge file that is no archive, the checksum would take long.
        is_archive = path.is_file() and zipfile.is_zipfile(path)
        digest = file_digest(path, _damaged_checkpoint) if is_archive else None
        if digest != pointer["sha256"]:
            raise _damaged_checkpoint("it does not match its checksum", file=path)
        arrays = read_arrays(path, error=_damaged_checkpoint)
        return Checkpoint(arrays, pointer["metadata"])

    @property
    def is_begun(self) -> bool:
        """Whether a state was saved."""
        return os.path.lexists(self.path / POINTER)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the rows of `metrics.csv`, one per checkpoint that had metrics.

        A number that was not finite is None.
        """
        pointer = self._pointer()
        rows: list[Any] = [] if pointer is None else pointer["metrics"]
        return rows

    def log(
        self, row: Mapping[str, Any], images: Mapping[str, Path] | None = None
    ) -> None:
        """Write TensorBoard events to `logs/`.

        Args:
            row: values by name; numbers are logged. `row["epoch"]` is the step.
            images: PNG files by name.

        Raises:
            InputError: they cannot be written, as on a full disk. The epoch is
                committed already.
        """
        import tensorflow as tf

        folder = self.path / "logs"
        with disk_errors_as_input_errors(folder, "The events of TensorBoard"):
            writer = tf.summary.create_file_writer(str(folder))
            with writer.as_default(step=row["epoch"]):
                for name, value in row.items():
                    if not isinstance(value, str):
                        tf.summary.scalar(printable(name), value)
                for name, path in (images or {}).items():
                    content = path.read_bytes()
                    tf.summary.image(printable(name), tf.io.decode_png(content)[None])
            writer.close()

    def _pointer(self) -> Pointer | None:
        if not self.is_begun:
            return None
        return read_json(
            path_inside(self.path, POINTER, remedy=_RESTORE),
            Pointer,
            remedy=_RESTORE,
            most_bytes=_MOST_POINTER,
            allow_not_finite=True,
        )

    def _write_metrics(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(
            self.path / METRICS_FILE, text.getvalue().encode(errors="backslashreplace")
        )


def numbered(**groups: Iterable[Any]) -> dict[str, Any]:
    """Return variables by the name of their group and their position in it.

    Example:
    >>> numbered(w=["kernel", "bias"])
    {'w/0000': 'kernel', 'w/0001': 'bias'}
    """
    return {
        f"{name}/{place:04d}": variable
        for name, variables in groups.items()
        for place, variable in enumerate(variables)
    }


def _damaged_checkpoint(
    rule: str, remedy: str = _RESTORE, **received: object
) -> InputError:
    return InputError(
        f"A checkpoint must be unchanged since it was written: {rule}",
        _RESTORE,
        **received,
    )


def _finite(value: Any) -> Any:
    value = _plain(value)
    # JSON has no such numbers.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
