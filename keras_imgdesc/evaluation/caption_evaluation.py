"""What an evaluation of captions found."""

from dataclasses import dataclass
from typing import Any

from keras_imgdesc.data.captioned_image import CaptionedImage


@dataclass(frozen=True)
class CaptionEvaluation:
    """Captions of a collection and their scores.

    Attributes:
        metrics: as `score_captions` gives them, CIDEr-D included.
        settings: preset, search and number of pictures.
        examples: the pictures described.
        captions: one for each.
        failed: message by name of each picture that could not be read.
    """

    metrics: dict[str, float]
    settings: dict[str, Any]
    examples: list[CaptionedImage]
    captions: list[str]
    failed: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """Settings and rounded scores, ready for JSON."""
        metrics = {name: round(value, 2) for name, value in self.metrics.items()}
        return self.settings | metrics | {"failed": len(self.failed)}
