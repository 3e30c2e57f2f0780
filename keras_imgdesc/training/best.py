"""Which epoch of a run is kept, and when a run is over."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Best:
    """A place in the run directory that holds the best state by one score.

    Attributes:
        score: column of `metrics.csv`; epochs whose row lacks it are ignored. `None`
            keeps the latest epoch.
        place: path within the run directory, passed to `TrainingRun.save`.
        higher_is_better: direction of the score.
        ties: columns that decide between equal scores, in this order, each with its
            direction as `higher_is_better`. A column that one of two rows lacks does
            not decide between them. If all are equal, the first epoch is kept.

    Example:
    >>> best = Best("score", ties=(("loss", False),))
    >>> best.is_improved_by({"score": 0.0, "loss": 1.5}, [{"score": 0.0, "loss": 2.0}])
    True
    """

    score: str | None
    place: str = "preset"
    higher_is_better: bool = True
    ties: tuple[tuple[str, bool], ...] = ()

    def is_improved_by(self, row: Row, rows: Sequence[Row]) -> bool:
        """Return whether an epoch is better than all before it.

        Args:
            row: numbers of the epoch.
            rows: numbers of the epochs before it.
        """
        if self.score is None:
            return True
        if self.score not in row:
            return False
        scored = self._scored(rows)
        if not scored:
            return True
        best = scored[0]
        for other in scored[1:]:
            if self._is_better(other, best):
                best = other
        return self._is_better(row, best)

    def has_moved(self, rows: Sequence[Row]) -> bool:
        """Return whether two epochs have different scores."""
        return len({row[self._column] for row in self._scored(rows)}) > 1

    def is_over(self, rows: Sequence[Row], patience: int) -> bool:
        """Return whether the score has not improved for `patience` epochs.

        Epochs count only once the score has moved: as long as it is the same in every
        epoch, it cannot tell whether the model still learns.

        Args:
            rows: numbers of all epochs.
            patience: number of epochs; 0 is never over.
        """
        scores = [row[self._column] for row in self._scored(rows)]
        if not patience or not scores:
            return False
        best = int(np.argmax(scores) if self.higher_is_better else np.argmin(scores))
        still = sum(1 for _ in takewhile(lambda score: score == scores[0], scores))
        return len(scores) - max(best + 1, still) >= patience

    def remark(self, rows: Sequence[Row]) -> str:
        """Return a remark about a score that has not moved, or an empty text.

        Args:
            rows: numbers of all epochs.
        """
        scored = self._scored(rows)
        if len(scored) < 2 or self.has_moved(rows):
            return ""
        deciding = (
            name
            for name, _ in self.ties
            if len({row[name] for row in scored if _is_number(row.get(name))}) > 1
        )
        name = next(deciding, None)
        chosen = f"{name} decides" if name else "the first is kept"
        return f"{self.score} has been the same in every epoch so far: {chosen}"

    @property
    def _column(self) -> str:
        return self.score or ""

    def _scored(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that have a finite score."""
        return [row for row in rows if _is_number(row.get(self._column))]

    def _is_better(self, row: Row, other: Row) -> bool:
        columns = ((self._column, self.higher_is_better), *self.ties)
        for name, higher_is_better in columns:
            values: tuple[Any, Any] = row.get(name), other.get(name)
            # Two values that are not finite do not decide either.
            if values[0] != values[1] and all(map(_is_number, values)):
                return bool((values[0] > values[1]) == higher_is_better)
        return False


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.number)
    return is_number and math.isfinite(value)
