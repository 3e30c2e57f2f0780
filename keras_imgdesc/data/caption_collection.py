"""The captioned pictures that a reader found, and what it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem

# How many names of each kind of problem a report prints.
_NAMED = 3


@dataclass
class CaptionCollection:
    """Captioned pictures in a fixed order, and the problems met on the way.

    Args:
        examples: the pictures, each id once.
        problems: what was left out and why, in the order met.

    Example:

    >>> from keras_imgdesc.data import CaptionCollection, Problem
    >>> collection = CaptionCollection([], [Problem("missing image", "a.jpg")])
    >>> print(collection.report())
    0 pictures with 0 captions
    1 x missing image: a.jpg
    """

    examples: list[CaptionedImage]
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[CaptionedImage]:
        return iter(self.examples)

    def __getitem__(self, index: int) -> CaptionedImage:
        return self.examples[index]

    def captions(self) -> list[str]:
        """Every caption of every picture, in order."""
        return [caption for example in self.examples for caption in example.captions]

    def problem_counts(self) -> dict[str, int]:
        """How often each kind of problem was met, in the order first met."""
        return dict(Counter(problem.kind for problem in self.problems))

    def report(self) -> str:
        """One line of totals, then one for each kind of problem with some names."""
        captions = sum(len(example.captions) for example in self.examples)
        lines = [f"{len(self.examples)} pictures with {captions} captions"]
        for kind, count in self.problem_counts().items():
            named = [problem.name for problem in self.problems if problem.kind == kind]
            more = ", ..." if count > _NAMED else ""
            lines.append(f"{count} x {kind}: {', '.join(named[:_NAMED])}{more}")
        return "\n".join(lines)
