"""What one form of a model gave."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np

# The first answer of a form pays for what is loaded and compiled once.
WARM_UP = 1


@dataclass(frozen=True)
class FormCost:
    """One form of a model, and what its answers cost, each asked for alone.

    Attributes:
        form: its name, as `"tflite int8"`.
        exact: whether it must give what Python gives.
        seconds: of each answer, reading and decoding of files included.
        size: bytes on disk.
        peak_memory: most bytes resident in its process, from its start; 0 where the
            system does not tell.
    """

    form: str
    exact: bool
    seconds: list[float]
    size: int
    peak_memory: int

    def costs(self) -> dict[str, Any]:
        """`megabytes`; `milliseconds`, the median of an answer; `peak_mebibytes`."""
        return {
            "megabytes": self.size / 1e6,
            "milliseconds": 1e3 * statistics.median(self.seconds[WARM_UP:]),
            "peak_mebibytes": self.peak_memory / 2**20,
        }


@dataclass(frozen=True)
class FormResult(FormCost):
    """What one form of a captioner said.

    Attributes:
        captions: of each picture; those of an exact form are Python's word for word.
        log_probs: log P(caption | image) of each.
    """

    captions: list[str]
    log_probs: list[float]


@dataclass(frozen=True)
class PaintedForm(FormCost):
    """What one form of a painter painted.

    Attributes:
        pictures: uint8 (texts, resolution, resolution, 3).
    """

    pictures: np.ndarray
