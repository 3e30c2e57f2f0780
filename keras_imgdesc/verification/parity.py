"""What the forms of a task answered, side by side."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from keras_imgdesc.verification.tasks.task_check import (
    Answer,
    Column,
    Request,
    TaskCheck,
)

# The first answer pays for what is loaded and compiled once.
WARM_UP = 1

_COSTS = (
    Column("megabytes", "MB", ">7.1f"),
    Column("milliseconds", "ms", ">8.1f"),
    Column("peak_mebibytes", "peak MiB", ">9.0f"),
)


@dataclass(frozen=True)
class FormResult:
    """The answers of one form, and what they cost.

    Attributes:
        form: name of the form, such as `"tflite int8"`.
        is_exact: whether it must answer as Python does.
        answers: one answer per request, in order.
        seconds: seconds per answer, at least two; those of a form that reads image
            files include reading and decoding them.
        size: bytes on disk.
        peak_memory: largest number of resident bytes of its process, from its start;
            0 where the system does not report it.
    """

    form: str
    is_exact: bool
    answers: list[Answer]
    seconds: list[float]
    size: int
    peak_memory: int

    def costs(self) -> dict[str, float]:
        """Return `megabytes`, `milliseconds` (the median) and `peak_mebibytes`."""
        return {
            "megabytes": self.size / 1e6,
            "milliseconds": 1e3 * statistics.median(self.seconds[WARM_UP:]),
            "peak_mebibytes": self.peak_memory / 2**20,
        }


@dataclass(frozen=True)
class Parity:
    """The answers of every form to the same requests, Python first.

    Attributes:
        check: how the answers of this kind of task compare.
        requests: the requests.
        results: one result per form.
    """

    check: TaskCheck
    requests: list[Request]
    results: list[FormResult]

    @property
    def is_exact(self) -> bool:
        """Whether every float32 form answered as Python did."""
        return all(
            self.check.passes(row)
            for row, result in zip(self.rows(), self.results, strict=True)
            if result.is_exact
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per form.

        Returns:
            Dicts of `form`; the agreement with Python, see `compare` of the task's
            check; `megabytes` on disk; `milliseconds`, the median per answer; and
            `peak_mebibytes`, the peak memory of the form's process.
        """
        expected = self.results[0].answers
        return [
            {
                "form": result.form,
                **self.check.compare(self.requests, result.answers, expected),
                **result.costs(),
            }
            for result in self.results
        ]

    def table(self) -> str:
        """Return the rows as text, one line per form below a line of headings."""
        columns = (Column("form", "form", "16"), *self.check.columns, *_COSTS)
        lines = [" ".join(column.heading() for column in columns)]
        for row in self.rows():
            lines.append(" ".join(column.cell(row) for column in columns))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()
