"""Part: verbs that write are killed at any moment, and the same command goes on.

Each verb runs undisturbed first. Then it is killed at moments drawn from a seed: at any
time of its duration, just before one of its changes of a file or folder, or a few
milliseconds after one. The same command must then end as the undisturbed one did, with
the same bytes in the same files, and nothing else may be left.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditing import count_changes, kill_at_change
from cases import Chain, Job, Outcome, command
from lab import Lab
from reports import Report
from verbs import VERBS, Verb
from world import World

SIZES = {"small": 4, "half": 58, "full": 100}
# Verbs of the small size: quick ones of each way to write.
SMALL = ("index, update", "extract")
# Draws of a moment until one is before the end of the command.
DRAWS = 6
FAULTS = ("cannot go on", "other results", "left over", "crashes", "orphans")


def run(lab: Lab, world: World, size: str) -> Report:
    """Kill verbs, and compare what they write in the end."""
    report = Report("kills")
    report.expect_none(*FAULTS)
    verbs = [v for v in VERBS if size != "small" or v.name in SMALL]
    shares = _shares(len(verbs), SIZES[size])
    trials = [
        _Trial(verb, world, lab.folder / "kills" / f"{place:02d}", share, report)
        for place, (verb, share) in enumerate(zip(verbs, shares))
    ]
    for trial in trials:
        trial.verb.arguments(world, trial.out)  # builds what it needs
    for outcome in lab.run_chains(trial.chain() for trial in trials):
        if outcome.survivors:
            report.fault("orphans", outcome.job.name)
    report.facts |= {
        "verbs": len(verbs),
        "kills before anything was written": sum(t.early for t in trials),
        "kills while files were there": sum(t.late for t in trials),
    }
    return report


def _shares(verbs: int, kills: int) -> list[int]:
    return [kills // verbs + (place < kills % verbs) for place in range(verbs)]


@dataclass
class _Trial:
    """The kills of one verb, which all work in the same folder: files may name it."""

    verb: Verb
    world: World
    folder: Path
    kills: int
    report: Report
    early: int = 0
    late: int = 0

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def chain(self) -> Chain:
        """Run the verb undisturbed, then kill it and run it again."""
        self.out.mkdir(parents=True)
        if self.verb.prepare:
            prepared = yield self._job("prepared", self._prepare)
            if prepared.code != 0:
                raise RuntimeError(f"{prepared.out}{prepared.err}")
        shutil.copytree(self.out, self.folder / "template", symlinks=True)
        expected = yield self._job("undisturbed", self._counted)
        files, before = contents(self.out), contents(self.folder / "template")
        if files == before:
            raise RuntimeError(f"{self.verb.name}: {expected.out}{expected.err}")
        chance = random.Random(self.verb.name)
        changes = int((self.folder / "changes").read_text() or 0)
        for number in range(self.kills):
            name = "undisturbed"
            for draw in range(DRAWS):
                self._reset()
                job = self._drawn(number, draw, chance, expected.seconds, changes)
                name, ended = job.name, (yield job)
                if ended.signal == signal.SIGKILL and not ended.has_hung:
                    break
            self.early += contents(self.out) == before
            self.late += contents(self.out) != before
            was_done = contents(self.out) == files
            again = yield self._job(f"again after {name}", self._command)
            self._judge(again, expected, files, was_done)

    def _judge(
        self, again: Outcome, expected: Outcome, files: dict[str, str], was_done: bool
    ) -> None:
        self.report.cases += 1
        what = again.job.name
        if again.has_crashed or again.has_hung:
            self.report.fault("crashes", f"{what}: {again.signal}")
        is_refused = self.verb.refuses_done and was_done and again.code == 2
        if again.code != expected.code and not is_refused:
            self.report.fault("cannot go on", f"{what}: {again.err[-600:]}")
            return
        found = contents(self.out)
        if self.verb.adds and set(found.values()) == set(files.values()):
            return  # what the killed command had finished is there, too
        others = sorted(found.keys() - files.keys())
        if others:
            self.report.fault("left over", f"{what}: {others}")
        differing = [name for name in files if found.get(name) != files[name]]
        if differing:
            self.report.fault("other results", f"{what}: {differing}")

    def _drawn(
        self,
        number: int,
        draw: int,
        chance: random.Random,
        seconds: float,
        changes: int,
    ) -> Job:
        """Return the job that is killed, for the number of the kill and the draw."""
        kind = ("time", "change", "shortly after")[number % 3]
        if kind == "time" or not changes:
            # Later draws are earlier: the machine may be faster now.
            after = chance.uniform(0.02, 1.0) * seconds / 2**draw
            return self._job(f"a kill after {after:.3f} s", self._command, after)
        change = chance.randrange(changes)
        delay = chance.uniform(0.0005, 0.02) if kind == "shortly after" else 0.0

        def work() -> None:
            kill_at_change(self.out, change, delay)
            self._command()

        place = f"change {change} of {changes}"
        return self._job(f"a kill {1000 * delay:.1f} ms after {place}", work)

    def _job(self, name: str, work, after: float | None = None) -> Job:
        name = f"{self.verb.name}, {name}"
        return Job(name, work, self.folder, 600.0, kill_after=after)

    def _prepare(self) -> None:
        assert self.verb.prepare
        self.verb.prepare(self.world, self.out)

    def _command(self) -> None:
        command(*self.verb.arguments(self.world, self.out))()

    def _counted(self) -> None:
        count_changes(self.out, self.folder / "changes")
        self._command()

    def _reset(self) -> None:
        shutil.rmtree(self.out)
        shutil.copytree(self.folder / "template", self.out, symlinks=True)


def contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder, by its path.

    The events of TensorBoard in `logs/` hold the time, in their names, too; so do the
    archives of Keras, of which the weights count.
    """
    return {
        str(path.relative_to(folder)): hashlib.sha256(_content(path)).hexdigest()
        for path in _files(folder)
        if path.parent.name != "logs"
    }


def _content(path: Path) -> bytes:
    if path.suffix == ".keras" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return archive.read("model.weights.h5")
    return path.read_bytes()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
