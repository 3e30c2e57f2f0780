"""What an evaluation of a generator found."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class GeneratorEvaluation:
    """Scores of a generator, and pictures to look at.

    Attributes:
        metrics: of each metric asked for; shares in percent.
        settings: what was measured with what, and on how many pictures.
        texts: of the sheet, the same for each generator.
        pictures: uint8 `(texts, size, size, 3)`, one for each.
        real: uint8 `(texts, size, size, 3)`, the pictures that the texts belong to.
        descriptions: what a captioner says of each; empty without one.
        failed: what is wrong with pictures of the collection that were left out, by id.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    texts: list[str]
    pictures: np.ndarray
    real: np.ndarray
    descriptions: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Settings and rounded scores, ready for JSON."""
        metrics = {
            name: int(value) if name in COUNTS else round(value, 3)
            for name, value in self.metrics.items()
        }
        return self.settings | metrics | {"failed": len(self.failed)}


COUNTS = ("fid_painted", "fid_real")
