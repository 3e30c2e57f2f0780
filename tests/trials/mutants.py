"""Part: image files that are damaged in many ways, between intact ones.

Each batch of mutants is captioned in every form, each form in a process of its own.
Every fifth file of a batch is intact, and must get the caption that it gets without
mutants. A mutant must be refused by name, called damaged, or be readable without loss;
those of which data are missing, or a checksum is wrong, must not pass without a word.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cases import Chain, Job, Outcome
from image_forms import FORMS, Answer, from_lines
from image_mutants import Mutant, mutants, seeds
from lab import Lab
from reports import Report
from world import World

# Mutants, and mutants per process.
SIZES = {"small": (40, 40), "half": (1000, 250), "full": (10_000, 500)}
# Forms of the small size, which need no export.
SMALL = ("command line", "LiteRT")
# Mutants for one intact file.
DISTANCE = 4
FAULTS = (
    *("crashes", "hangs", "tracebacks", "neighbours changed"),
    *("silently damaged", "unnamed", "forms disagree"),
)
# Share of the batches that are also run in TensorFlow's C library: one of so many.
C_LIBRARY = 4
# Log-probabilities are rounded to three digits, which may differ by one.
TOLERANCE = 0.0021


def run(lab: Lab, world: World, size: str) -> Report:
    """Caption mutants in every form."""
    report = Report("mutants")
    report.expect_none(*FAULTS)
    forms = [name for name in FORMS if size != "small" or name in SMALL]
    _ = world.presets if size == "small" else world.saved_model
    total, count = SIZES[size]
    alone = _Batch(-1, [], forms, world, lab.folder / "mutants" / "intact", report)
    for _ in lab.run_chains([alone.chain()]):
        pass
    if report.failures:
        return report
    report.cases = 0
    batches = [
        _Batch(
            number,
            list(mutants(min(count, total - first), first)),
            forms,
            world,
            lab.folder / "mutants" / str(number),
            report,
            alone.intact,
        )
        for number, first in enumerate(range(0, total, count))
    ]
    verdicts: Counter[str] = Counter()
    for _ in lab.run_chains(batch.chain() for batch in batches):
        pass
    for batch in batches:
        verdicts += batch.verdicts
    return _with_facts(report, verdicts)


def _with_facts(report: Report, verdicts: Counter[str]) -> Report:
    report.facts |= dict(sorted(verdicts.items()))
    return report


@dataclass
class _Batch:
    """Mutants between intact files, in every form.

    Attributes:
        intact: for each form, the answers for the intact files without mutants; they
            are found where they are empty.
    """

    number: int
    mutants: list[Mutant]
    forms: list[str]
    world: World
    folder: Path
    report: Report
    intact: dict[str, dict[str, Answer]] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)

    def chain(self) -> Chain:
        """Write the files, and caption them in one form after the other."""
        files = self._write()
        found: dict[str, list[Answer]] = {}
        for name in self.forms:
            form = FORMS[name]
            if name == "C library" and self.number % C_LIBRARY and self.number >= 0:
                continue
            answers = self.folder / f"{name}.json"
            ended = yield Job(
                f"batch {self.number}, {name}",
                lambda form=form, answers=answers: form(self.world, files, answers),
                self.folder,
                limit=900,
            )
            self.report.cases += len(self.mutants)
            if self._is_over(ended):
                found[name] = (
                    from_lines(ended.out, files)
                    if name == "command line"
                    else json.loads(answers.read_text())
                )
        for name, answers in found.items():
            self._judge(name, dict(zip((file.name for file in files), answers)))
        self._compare(found, files)
        shutil.rmtree(self.folder)

    def _write(self) -> list[Path]:
        """Write the files; return their paths in the order of the batch."""
        good = list(seeds().items())
        files: dict[str, bytes] = {}
        for place, mutant in enumerate(self.mutants):
            if place % DISTANCE == 0:
                name, content = good[place // DISTANCE % len(good)]
                files[f"good {place} {name}"] = content
            files[f"mutant {mutant.number}"] = mutant.content
        if not self.mutants:
            files = {f"good 0 {name}": content for name, content in good}
        (self.folder / "files").mkdir(parents=True)
        for name, content in files.items():
            (self.folder / "files" / name).write_bytes(content)
        return [self.folder / "files" / name for name in files]

    def _is_over(self, ended: Outcome) -> bool:
        """Whether a form has answered; if not, count why."""
        said = f"{ended.job.name}: signal {ended.signal}: {ended.err[-800:]}"
        if ended.has_hung:
            self.report.fault("hangs", said)
        elif ended.has_crashed:
            self.report.fault("crashes", said)
        elif ended.has_traceback or ended.code not in (0, 1):
            self.report.fault("tracebacks", said)
        else:
            return True
        return False

    def _judge(self, form: str, answers: dict[str, Answer]) -> None:
        good = {name: a for name, a in answers.items() if name.startswith("good")}
        if not self.mutants:
            self.intact[form] = {name.split(" ", 2)[2]: a for name, a in good.items()}
            for name, answer in good.items():
                if _verdict(answer) != "read":
                    self.report.fault("neighbours changed", f"{form}: {name}: {answer}")
            return
        for name, answer in good.items():
            expected = self.intact[form][name.split(" ", 2)[2]]
            if not _is_same(answer, expected):
                said = f"{form}: {name}: {answer}, expected {expected}"
                self.report.fault("neighbours changed", said)
        for mutant in self.mutants:
            answer = answers[f"mutant {mutant.number}"]
            verdict = _verdict(answer)
            self.verdicts[f"{form}: {verdict}"] += 1
            if verdict == "read" and mutant.is_detectable:
                self.report.fault("silently damaged", f"{form}: {mutant}")
            # A SavedModel gets bytes, which have no name.
            if verdict == "refused" and form not in ("SavedModel", "C library"):
                is_named = f"mutant {mutant.number}" in answer["error"]
                if not is_named:
                    self.report.fault("unnamed", f"{form}: {mutant}: {answer}")

    def _compare(self, found: dict[str, list[Answer]], files: list[Path]) -> None:
        """Compare what the forms say of each mutant with what the first one says."""
        first = self.forms[0]
        for form in found.keys() - {first}:
            for file, answer, expected in zip(files, found[form], found.get(first, [])):
                mutant = self._mutant(file)
                # A GIF with wrong codes is repaired by one decoder and not the other.
                is_gif = mutant and mutant.format == "gif" and not mutant.is_detectable
                if _verdict(answer) != _verdict(expected) and not is_gif:
                    said = (
                        f"{form}: {mutant or file.name}: {answer}, {first}: {expected}"
                    )
                    self.report.fault("forms disagree", said)

    def _mutant(self, file: Path) -> Mutant | None:
        kind, number = file.name.split()[:2]
        found = (m for m in self.mutants if m.number == int(number))
        return next(found) if kind == "mutant" else None


def _verdict(answer: Answer) -> str:
    if "error" in answer:
        return "refused"
    return "damaged" if answer["damaged"] else "read"


def _is_same(one: Answer, other: Answer) -> bool:
    return (
        one.keys() == other.keys()
        and one.get("caption") == other.get("caption")
        and abs(one.get("log_prob", 0) - other.get("log_prob", 0)) < TOLERANCE
    )
