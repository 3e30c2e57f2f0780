"""The training loop that every task shares."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable
from keras_imgdesc.training.best import Best
from keras_imgdesc.training.optimizers.moving_average import MovingAverage
from keras_imgdesc.training.run_data import RunData
from keras_imgdesc.training.run_directory import Checkpoint, RunDirectory, numbered
from keras_imgdesc.training.state import reseed, restore
from keras_imgdesc.training.unused_settings import refuse_unused


class TrainingRun(ABC):
    """A training that can be killed at any moment and resumed.

    `train` runs the remaining epochs. For each it reseeds the random layers, calls
    `fit_epoch` and `validate`, calls `save` for every place in `bests` whose score has
    improved, commits `variables` and the epoch's row of numbers with one atomic
    rename, writes TensorBoard events and reports progress. A resumed run is meant to
    end in the same weights as one that was never interrupted, on the same machine,
    versions and number of threads, provided that an epoch depends on nothing but its
    number and the variables, and that the run is built and trained within
    `backend.training_operations`.

    A subclass compares its data with what the run was begun with (see `RunData`), sets
    `model`, and `average` if it has one, and implements `fit_epoch`,
    `validate` and `save`. The other methods are hooks with defaults. As arguments,
    epochs count from 0; a row's `"epoch"` counts from 1.

    Args:
        recipe: settings; at least `seed`, and `epochs` unless `num_epochs` is
            overridden.
        run_dir: directory of the run, created if missing.
        progress: whether to show progress bars and print a line per epoch.

    Raises:
        InputError: the directory belongs to another recipe or holds other files.
    """

    model: keras.Model
    average: MovingAverage | None = None
    # Columns that decide between epochs of equal "score"; see `Best`.
    ties: tuple[tuple[str, bool], ...] = (("loss", False),)

    def __init__(
        self, recipe: Any, run_dir: str | Path, *, progress: bool = True
    ) -> None:
        self.recipe, self.progress = recipe, progress
        self.directory = RunDirectory(
            run_dir, recipe.as_dict(), recipe.defaults(), recipe.upgrade
        )
        self.data = RunData(run_dir, is_begun=self.directory.is_begun)

    # === What a subclass implements ===

    @abstractmethod
    def fit_epoch(self, epoch: int) -> dict[str, Any]:
        """Train one epoch.

        Show progress with `steps` or `callbacks`, and check the losses of each step
        with `check_finite` or `callbacks`.

        Returns:
            Numbers, and possibly names, for the row of `metrics.csv`.
        """

    @abstractmethod
    def validate(self, epoch: int) -> dict[str, Any]:
        """Score the model after an epoch; the result is added to the row."""

    @abstractmethod
    def save(self, place: str) -> None:
        """Write the model as a preset to a path within the run directory."""

    # === Hooks ===

    def variables(self) -> dict[str, Any]:
        """Return what a checkpoint holds: Keras variables by name."""
        return numbered(
            w=self.model.weights,
            o=self.model.optimizer.variables,
            a=self.average.variables if self.average else (),
        )

    @property
    def num_epochs(self) -> int:
        """Epochs of the complete run, a final phase included."""
        epochs: int = self.recipe.epochs
        return epochs

    @property
    def patience(self) -> int:
        """Epochs without a better `"score"` before the run stops; 0 never stops.

        They count once the score has moved; see `Best.is_over`.
        """
        return getattr(self.recipe, "patience", 0)

    def bests(self) -> Sequence[Best]:
        """Return what is kept besides the checkpoint."""
        return (Best("score", ties=self.ties),)

    def evaluated_weights(self) -> AbstractContextManager[Any]:
        """Return a context in which the model has the weights to score and save."""
        return self.average.applied() if self.average else nullcontext()

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restore a checkpoint, by default into `variables`.

        Raises:
            InputError: the checkpoint lacks a variable of this model.
        """
        restore(self.variables(), checkpoint.arrays)

    def keep(self, row: dict[str, Any]) -> None:
        """Save what an epoch has improved, before the epoch is committed.

        An exception raised here refuses the epoch: the checkpoint stays that of the
        epoch before.
        """
        rows = self.directory.metrics()
        for best in self.bests():
            if best.is_improved_by(row, rows):
                self.save(best.place)

    def images(self, row: dict[str, Any]) -> Mapping[str, Path]:
        """Return PNG files to show in TensorBoard, by name."""
        return {}

    def refuse_unused(
        self, reason: str, *names: str, used: Mapping[str, Any] | None = None
    ) -> None:
        """Refuse settings without effect in a new run; see `refuse_unused`.

        A run of an earlier version may be resumed with them.
        """
        if not self.directory.is_begun:
            refuse_unused(self.recipe, reason, *names, used=used)

    # === The loop ===

    def train(self) -> None:
        """Train from the last committed epoch to the end.

        A finished run goes on if its recipe has more epochs now. Its learning rate then
        follows the schedule of the new total, and rises again.

        Raises:
            InputError: a loss is not finite; the last committed epoch is kept.
        """
        checkpoint = self.directory.load_checkpoint()
        done = 0
        if checkpoint is not None:
            done = epochs_done(checkpoint)
            self.resume(checkpoint)
        for epoch in range(done, self.num_epochs):
            if self._is_over():
                if self.progress:
                    print(
                        f"The score has not improved for {self.patience} epochs: the "
                        "run is over",
                        flush=True,
                    )
                break
            self._run_epoch(epoch)

    def _is_over(self) -> bool:
        rows = self.directory.metrics()
        scored = [best for best in self.bests() if best.score == "score"]
        return any(best.is_over(rows, self.patience) for best in scored[:1])

    def _run_epoch(self, epoch: int) -> None:
        start = time.monotonic()
        self.begin_epoch(epoch)
        row = {"epoch": epoch + 1} | self.fit_epoch(epoch)
        check_finite(row, epoch)
        with self.evaluated_weights():
            row |= self.validate(epoch)
            self.keep(row)
        arrays = {k: ops.convert_to_numpy(v) for k, v in self.variables().items()}
        self.directory.save_checkpoint(arrays, {"epochs_done": epoch + 1}, row)
        self.directory.log(row, self.images(row))
        if self.progress:
            numbers = ", ".join(
                f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
                for name, value in row.items()
                if name != "epoch"
            )
            seconds = time.monotonic() - start
            rows = self.directory.metrics()
            remarks = [best.remark(rows) for best in self.bests()]
            line = "; ".join([numbers, *dict.fromkeys(filter(None, remarks))])
            numbered = f"epoch {epoch + 1}/{self.num_epochs} ({seconds:.0f} s)"
            print(printable(f"{numbered}: {line}"), flush=True)

    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch, by default by reseeding the model's random layers.

        Dropout must not depend on whether the run was interrupted.
        """
        reseed(self.model, self.recipe.seed * 1000 + epoch)

    # === For loops over batches ===

    def steps(self, batches: Iterable[Any], epoch: int, total: int) -> tqdm:
        """Return the batches of an epoch, iterated under a progress bar."""
        return tqdm(
            batches,
            total=total,
            disable=not self.progress,
            desc=f"epoch {epoch + 1}/{self.num_epochs}",
            unit="batch",
            mininterval=5,
        )

    def callbacks(self, epoch: int, total: int) -> list[keras.callbacks.Callback]:
        """Return callbacks for `model.fit`: progress bar and finite-loss check."""
        return [_StepCallback(self.steps((), epoch, total), epoch)]


def epochs_done(checkpoint: Checkpoint) -> int:
    """Return the number of epochs that a checkpoint has behind it.

    Raises:
        InputError: it does not say.
    """
    done = checkpoint.metadata.get("epochs_done")
    if type(done) is not int or done < 0:
        raise InputError(
            "A checkpoint must say how many epochs are done",
            "Restore checkpoint.json, or train into a new run directory",
            epochs_done=done,
        )
    return done


class _StepCallback(keras.callbacks.Callback):
    """What `steps` and `check_finite` do, within `model.fit`."""

    def __init__(self, bar: tqdm, epoch: int) -> None:
        super().__init__()
        self._bar, self._epoch = bar, epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        check_finite(logs or {}, self._epoch, batch)
        self._bar.update()

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.close()


def check_finite(logs: Mapping[str, Any], epoch: int, step: int | None = None) -> None:
    """Raise if a number is infinite or not a number.

    Args:
        logs: losses by name; values that are not numbers are ignored.
        epoch: number of the epoch, from 0.
        step: number of the step within the epoch, from 0, if known.

    Raises:
        InputError: naming the loss, the epoch and the step, both counted from 1.
    """
    for name, value in logs.items():
        if not isinstance(value, str) and not np.isfinite(value):
            place = {} if step is None else {"step": step + 1}
            raise InputError(
                "The losses must stay finite",
                "Lower the learning rate and train into a new run directory; this one "
                "keeps the last complete epoch",
                loss=name,
                value=float(value),
                epoch=epoch + 1,
                **place,
            )
