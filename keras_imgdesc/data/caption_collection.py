"""The captioned images that a reader found, and the problems it met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.printable import cut, printable

# Names per kind of problem in a report.
_NAMED = 3


@dataclass
class CaptionCollection:
    """Captioned images in a fixed order, and the problems met while reading them.

    Args:
        examples: the images, with unique ids.
        problems: what was omitted and why, in the order met.

    Example:

    >>> from keras_imgdesc.data import CaptionCollection, Problem
    >>> collection = CaptionCollection([], [Problem("missing image", "a.jpg")])
    >>> print(collection.report())
    0 images with 0 captions
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
        """Return every caption of every image, in order."""
        return [caption for example in self.examples for caption in example.captions]

    def problem_counts(self) -> dict[str, int]:
        """Return the number of problems by kind, in the order first met."""
        return dict(Counter(problem.kind for problem in self.problems))

    def report(self) -> str:
        """Return a line of totals and a line per kind of problem, with some names."""
        images = _count(len(self.examples), "image")
        captions = sum(len(example.captions) for example in self.examples)
        lines = [f"{images} with {_count(captions, 'caption')}"]
        for kind, count in self.problem_counts().items():
            named = [problem.name for problem in self.problems if problem.kind == kind]
            more = ", ..." if count > _NAMED else ""
            names = ", ".join(printable(cut(name)) for name in named[:_NAMED])
            lines.append(f"{count} x {kind}: {names}{more}")
        return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
