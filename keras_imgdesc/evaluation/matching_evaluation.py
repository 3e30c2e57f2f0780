"""What an evaluation of a matcher found."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MatchingEvaluation:
    """Scores of a matcher on a collection.

    Attributes:
        metrics: as `retrieval_metrics` gives them, or `hard_choice`, in percent.
        settings: numbers of pictures and captions.
        failed: message by name of each picture that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    failed: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """Settings and rounded scores, ready for JSON."""
        metrics = {name: round(value, 2) for name, value in self.metrics.items()}
        return self.settings | metrics | {"failed": len(self.failed)}
