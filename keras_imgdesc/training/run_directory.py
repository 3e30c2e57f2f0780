"""The directory of a training run: recipe, checkpoint, metrics and logs."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.atomic_files import is_partial, write_atomically
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable
from keras_imgdesc.training.run_data import DATA_FILE

POINTER = "checkpoint.json"


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
        InputError: the directory holds a run with other settings, or other files.

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
        target = self.path / "recipe.json"
        others = [
            p
            for p in self.path.iterdir()
            if p.name not in (target.name, DATA_FILE) and not is_partial(p)
        ]
        # A run that failed before it computed anything does not fix the recipe.
        if target.exists() and others:
            saved = json.loads(target.read_text(encoding="utf-8"))
            before = (defaults or {}) | (upgrade(saved) if upgrade else saved)
            self._refuse_changes(before, recipe)
        elif others:
            raise InputError(
                "A new run needs an empty directory, a resumed one its recipe.json",
                "Use another directory",
                run_dir=str(self.path),
            )
        write_atomically(target, (json.dumps(recipe, indent=2) + "\n").encode())

    def _refuse_changes(self, before: dict[str, Any], recipe: dict[str, Any]) -> None:
        changed = sorted(
            key
            for key in before.keys() | recipe.keys()
            if key != "notes" and before.get(key) != _plain(recipe.get(key))
        )
        done = self._epochs_done() if "epochs" in changed else None
        if done is not None and done <= min(before["epochs"], recipe["epochs"]):
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
        return 0 if pointer is None else pointer["metadata"].get("epochs_done")

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
            "metrics": _plain(rows),
        }
        write_atomically(
            self.path / POINTER, (json.dumps(pointer, indent=1) + "\n").encode()
        )
        for old in self.path.glob("checkpoint-*.npz"):
            if old.name != name:
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
        path = self.path / pointer["file"]
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != pointer["sha256"]:
            raise InputError(
                "A checkpoint must be unchanged since it was written",
                f"Restore the file, or remove {POINTER} to start again",
                path=str(path),
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return Checkpoint(dict(archive), pointer["metadata"])

    @property
    def is_begun(self) -> bool:
        """Whether a state was saved."""
        return (self.path / POINTER).exists()

    def metrics(self) -> list[dict[str, Any]]:
        """Return the rows of `metrics.csv`, one per checkpoint that had metrics."""
        pointer = self._pointer()
        return [] if pointer is None else pointer["metrics"]

    def log(
        self, row: Mapping[str, Any], images: Mapping[str, Path] | None = None
    ) -> None:
        """Write TensorBoard events to `logs/`.

        Args:
            row: values by name; numbers are logged. `row["epoch"]` is the step.
            images: PNG files by name.
        """
        import tensorflow as tf

        writer = tf.summary.create_file_writer(str(self.path / "logs"))
        with writer.as_default(step=row["epoch"]):
            for name, value in row.items():
                if not isinstance(value, str):
                    tf.summary.scalar(printable(name), value)
            for name, path in (images or {}).items():
                content = path.read_bytes()
                tf.summary.image(printable(name), tf.io.decode_png(content)[None])
        writer.close()

    def _pointer(self) -> dict[str, Any] | None:
        path = self.path / POINTER
        return json.loads(path.read_text()) if path.exists() else None

    def _write_metrics(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.path / "metrics.csv", text.getvalue().encode())


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


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
