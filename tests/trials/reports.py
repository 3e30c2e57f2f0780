"""What a part of the trials has found, as JSON and as rows of a table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Report:
    """The result of a part.

    Attributes:
        part: name of the part.
        cases: number of cases that were tried.
        counts: faults by kind; each is expected to be 0.
        facts: other numbers that were measured.
        failures: a line for each case with a fault: what was done, and what came.
    """

    part: str
    cases: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def expect_none(self, *kinds: str) -> None:
        """Name kinds of faults, so that the report says 0 where there were none."""
        self.counts |= {kind: self.counts.get(kind, 0) for kind in kinds}

    def fault(self, kind: str, what: str) -> None:
        """Count a fault, and note and print what happened."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.failures.append(f"{kind}: {what}")
        print(f"  {kind}: {what}"[:1500], flush=True)

    @property
    def has_passed(self) -> bool:
        """Whether there was no fault, and something was tried."""
        return self.cases > 0 and not any(self.counts.values())

    def save(self, folder: Path) -> None:
        """Write `PART.json`, and `trials.md` with the rows of all parts so far."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, default=str)
        (folder / f"{self.part}.json").write_text(text + "\n", "utf-8")
        saved = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        rows = ["| part | cases | faults | measured |", "|---|---|---|---|"]
        rows += [_row(Report(**values)) for values in saved]
        (folder / "trials.md").write_text("\n".join(rows) + "\n", "utf-8")


def _row(report: Report) -> str:
    faults = ", ".join(f"{kind}: {count}" for kind, count in report.counts.items())
    facts = ", ".join(f"{name}: {value}" for name, value in report.facts.items())
    return f"| {report.part} | {report.cases:,} | {faults} | {facts} |"
