"""Part: every kind of recipe trains twice, and both must end in the same weights.

The first run has the machine to itself as far as others allow. The second runs beside
busy loops, is killed at moments drawn from a seed, and is resumed until it ends. All
run with several threads and in `mixed_bfloat16`, where the order of a sum shows most.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import Chain, Job, Outcome, command
from kills import contents
from lab import Lab
from reports import Report
from world import World

# Kills of each recipe.
SIZES = {"small": 1, "half": 1, "full": 2}
SMALL = ("matcher",)
THREADS = 4
BUSY = 2
# A loop with pauses, so that threads are interrupted at all moments; it ends when the
# process that has started it does.
LOOP = """
import os, random, time
parent = os.getppid()
while os.getppid() == parent:
    end = time.monotonic() + 0.05 * random.random()
    while time.monotonic() < end:
        pass
    time.sleep(0.01 * random.random())
"""
WEIGHTS = (".h5", ".keras", ".npz")
FAULTS = ("other weights", "other files", "cannot go on", "crashes")
ENCODER = {"image_size": 64, "feature_layer": "block2"}
TEXT = {"embedding_dim": 64, "num_layers": 2, "num_heads": 4}
# Of a kind of recipe of `World.training`, what differs from it.
LONGER = {"epochs": 3, "batch_size": 16, "precision": "mixed_bfloat16"}
CAPTIONER = LONGER | {"encoder_options": ENCODER}
WIDE = {"embedding_dim": 32, "num_heads": 2}
RECURRENT = WIDE | {"hidden_dim": 32, "feature_dim": 32}
PRECISION = {"precision": "mixed_bfloat16"}
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "captioner lstm": ("captioner", CAPTIONER | {"decoder_options": RECURRENT}),
    "captioner gru": (
        "captioner",
        CAPTIONER | {"decoder": "gru", "decoder_options": RECURRENT},
    ),
    "captioner transformer": (
        "captioner",
        CAPTIONER | {"decoder": "transformer", "decoder_options": WIDE},
    ),
    "matcher": (
        "matcher",
        LONGER | {"encoder_options": ENCODER, "text_options": TEXT},
    ),
    "classifier": ("classifier", LONGER | {"encoder_options": ENCODER}),
    "encoder": ("encoder", PRECISION | {"steps_per_epoch": 1}),
    "dcgan": ("dcgan", PRECISION | {"epochs": 3}),
    "vae": ("vae", PRECISION | {"epochs": 3}),
}


def run(lab: Lab, world: World, size: str) -> Report:
    """Train all recipes twice, and compare what the runs have written."""
    report = Report("recipes_twice")
    report.expect_none(*FAULTS)
    names = SMALL if size == "small" else tuple(RECIPES)
    trials = [_Trial(name, lab.folder / "twice", world, report) for name in names]

    def chain() -> Chain:
        for trial in trials:
            yield from trial.chain(SIZES[size])

    # One process at a time: the first run of each is not disturbed by others of ours.
    for outcome in lab.run_chains([chain()]):
        print(f"  {outcome.job.name}: {outcome.seconds:.0f} s", flush=True)
    report.facts |= {
        "kills": sum(t.kills for t in trials),
        "of them with an epoch done": sum(t.resumed for t in trials),
        "files of weights": sum(t.weights for t in trials),
    }
    return report


@dataclass
class _Trial:
    """A recipe that is trained twice in the same folder: files may name it."""

    name: str
    folder: Path
    world: World
    report: Report
    kills: int = 0
    resumed: int = 0
    weights: int = 0

    @property
    def out(self) -> Path:
        return self.folder / self.name.replace(" ", "-") / "run"

    def chain(self, kills: int) -> Chain:
        work = _with_threads(command(*self._arguments()))
        chance = random.Random(self.name)
        self.report.cases += 1
        first = yield Job(f"{self.name}, undisturbed", work, self.folder, 900.0)
        if not self._has_ended(first):
            return
        expected = contents(self.out)
        shutil.rmtree(self.out)
        ended_early = 0
        with _load():
            for number in range(kills):
                after = chance.uniform(0.2, 0.95) * first.seconds / 2**ended_early
                name = f"{self.name}, kill {number} after {after:.2f} s"
                ended = yield Job(name, work, self.folder, 900.0, kill_after=after)
                if ended.signal == signal.SIGKILL:
                    self.kills += 1
                    self.resumed += self._epochs() > 0
                else:  # The run was faster: it begins again, to be killed earlier.
                    ended_early += 1
                    shutil.rmtree(self.out, ignore_errors=True)
            last = yield Job(f"{self.name}, to its end", work, self.folder, 900.0)
        if self._has_ended(last):
            self._compare(expected, contents(self.out))

    def _compare(self, expected: dict[str, str], found: dict[str, str]) -> None:
        differing = [
            name
            for name in sorted(expected.keys() | found.keys())
            if expected.get(name) != found.get(name)
        ]
        self.weights += sum(name.endswith(WEIGHTS) for name in expected)
        weights = [name for name in differing if name.endswith(WEIGHTS)]
        others = [name for name in differing if not name.endswith(WEIGHTS)]
        if weights:
            self.report.fault("other weights", f"{self.name}: {weights}")
        if others:
            self.report.fault("other files", f"{self.name}: {others}")

    def _has_ended(self, outcome: Outcome) -> bool:
        """Return whether a run has ended well, and report it if not."""
        if outcome.has_crashed or outcome.has_hung:
            self.report.fault("crashes", f"{outcome.job.name}: {outcome.signal}")
        elif outcome.code != 0:
            what = f"{outcome.job.name}: {outcome.err[-600:]}"
            self.report.fault("cannot go on", what)
        return outcome.code == 0

    def _epochs(self) -> int:
        """Return the number of epochs that a killed run has completed."""
        metrics = self.out / "metrics.csv"
        return len(metrics.read_text().splitlines()) - 1 if metrics.exists() else 0

    def _arguments(self) -> list[object]:
        kind, changes = RECIPES[self.name]
        arguments = self.world.training(kind, self.out)
        # A hundred images instead of twelve.
        larger = dict(zip(self.world.captioned, self.world.drawings))
        arguments = [larger.get(argument, argument) for argument in arguments]
        for key, value in changes.items():
            arguments += ["--set", f"{key}={json.dumps(value)}"]
        return arguments


def _with_threads(work: Callable[[], object]) -> Callable[[], object]:
    """Return work in which TensorFlow has several threads; in one, order is certain."""

    def threaded() -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(THREADS)
        work()

    return threaded


@contextmanager
def _load() -> Iterator[None]:
    """Keep the processors busy within the block."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
