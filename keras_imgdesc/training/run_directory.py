"""Where a run keeps what it needs to go on."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.atomic_files import is_partial, write_atomically
from keras_imgdesc.errors import InputError

POINTER = "checkpoint.json"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run.

    Attributes:
        arrays: by name.
        metadata: what else the run has to know, as JSON keeps it.
    """

    arrays: dict[str, np.ndarray]
    metadata: dict[str, Any]


class RunDirectory:
    """A folder that one training run owns, and can be killed over at any moment.

    A checkpoint is a new file and then a small file that names it, put in place by one
    rename: whoever reads sees the old state or the new one. `recipe.json` is written
    first; a run of another recipe is refused once there is anything else.

    Args:
        path: the folder, made if it is missing.
        recipe: settings of the run; notes (key `"notes"`) may differ.
        defaults: what a setting is that a run of an earlier version does not have.

    Raises:
        InputError: the folder holds a run of other settings, or other things.

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
    ):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / "recipe.json"
        others = [
            p
            for p in self.path.iterdir()
            if p.name != target.name and not is_partial(p)
        ]
        # A run that failed before it had computed anything binds nobody to its recipe.
        if target.exists() and others:
            before = (defaults or {}) | json.loads(target.read_text(encoding="utf-8"))
            changed = sorted(
                key
                for key in before.keys() | recipe.keys()
                if key != "notes" and before.get(key) != _plain(recipe.get(key))
            )
            if changed:
                raise InputError(
                    "A run directory belongs to one recipe",
                    f"Choose another directory, or restore {changed}",
                    run_dir=str(self.path),
                    changed=changed,
                )
        elif others:
            raise InputError(
                "A new run needs an empty directory, an old one its recipe.json",
                "Choose another directory",
                run_dir=str(self.path),
            )
        write_atomically(target, (json.dumps(recipe, indent=2) + "\n").encode())

    def save_checkpoint(
        self,
        arrays: dict[str, np.ndarray],
        metadata: dict[str, Any],
        metrics: dict[str, Any] | None = None,
    ) -> None:
        """Put a new state in the place of the old one.

        Args:
            arrays: the state; nothing that would need pickle.
            metadata: JSON values.
            metrics: a row for `metrics.csv`.

        Raises:
            OSError: the disk is full; the state before stays whole.
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
        """The last state, or `None` where there is none yet.

        Raises:
            InputError: its file is missing or not what was written.
        """
        pointer = self._pointer()
        if pointer is None:
            return None
        path = self.path / pointer["file"]
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != pointer["sha256"]:
            raise InputError(
                "A checkpoint must be the file that was written",
                f"Restore it, or remove {POINTER} to start again",
                path=str(path),
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return Checkpoint(dict(archive), pointer["metadata"])

    def metrics(self) -> list[dict[str, Any]]:
        """Rows of `metrics.csv` so far, one for each checkpoint that had some."""
        pointer = self._pointer()
        return [] if pointer is None else pointer["metrics"]

    def is_best(self, score: str, value: float) -> bool:
        """Whether a score is above that of every checkpoint so far."""
        return all(value > row[score] for row in self.metrics())

    def is_over(self, score: str, patience: int) -> bool:
        """Whether a score has not risen for `patience` checkpoints; 0 is never."""
        scores = [row[score] for row in self.metrics()]
        if not patience or not scores:
            return False
        return len(scores) - 1 - int(np.argmax(scores)) >= patience

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
    """Variables by the name of their group and their place in it.

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
