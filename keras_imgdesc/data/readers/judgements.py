"""A reader of people's judgements of captions, such as Flickr8k's."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from keras_imgdesc.data.problem import Problem
from keras_imgdesc.data.readers.caption_checks import (
    DUPLICATE_CAPTION,
    MALFORMED,
    MISSING_IMAGE,
    find_caption_problem,
)
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import cut, printable

NO_CAPTION = "judgement without caption"
_CAPTION_ID = re.compile(r"(.*\S)#\d+")
# Names per kind of problem in a report.
_NAMED = 3


@dataclass(frozen=True)
class JudgedCaption:
    """A caption that people judged together with an image.

    Attributes:
        image: path of the image.
        caption: the caption.
        ratings: what each person gave it, the higher the better.
        is_own: whether the caption was written for this image.
    """

    image: Path
    caption: str
    ratings: tuple[float, ...]
    is_own: bool


@dataclass(frozen=True)
class JudgementCollection:
    """Judged captions, and the problems met while reading them.

    Attributes:
        judged: the captions with their images, in the order of the file.
        problems: what was omitted and why.
    """

    judged: list[JudgedCaption]
    problems: list[Problem] = field(default_factory=list)

    def report(self) -> str:
        """Return a line of totals and a line per kind of problem, with some names."""
        images = len({one.image for one in self.judged})
        ratings = sum(len(one.ratings) for one in self.judged)
        lines = [f"{len(self.judged)} captions of {images} images, {ratings} ratings"]
        for kind, count in Counter(problem.kind for problem in self.problems).items():
            named = [problem.name for problem in self.problems if problem.kind == kind]
            more = ", ..." if count > _NAMED else ""
            names = ", ".join(printable(cut(name)) for name in named[:_NAMED])
            lines.append(f"{count} x {kind}: {names}{more}")
        return "\n".join(lines)


def read_judgements(
    judgements: str | os.PathLike[str],
    annotations: str | os.PathLike[str],
    images_dir: str | os.PathLike[str],
) -> JudgementCollection:
    """Read `ExpertAnnotations.txt` of Flickr8k, or a file of the same form.

    Each line is `image.jpg<TAB>other.jpg#2<TAB>1<TAB>1<TAB>2`: an image, the id of a
    caption, and the scores of three people, from 1 (the caption is not related to the
    image) to 4 (it describes it without errors).

    Args:
        judgements: path of the file; one or more scores a line.
        annotations: path of a token file with all captions whose ids occur, such as
            `Flickr8k.token.txt`.
        images_dir: folder of the judged images.

    Returns:
        The judged captions. A line with a problem is omitted and listed in `problems`.

    Raises:
        InputError: a file cannot be read, or no line has an image and a caption.

    Reference:
        Hodosh, Young and Hockenmaier, "Framing Image Description as a Ranking Task",
        JAIR 47, 2013

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data.readers.judgements import read_judgements
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     tokens, scores = Path(folder, "tokens.txt"), Path(folder, "scores.txt")
    ...     written = tokens.write_text("b.jpg#0\\tA dog .")
    ...     written = scores.write_text("a.jpg\\tb.jpg#0\\t1\\t1\\t2")
    ...     print(read_judgements(scores, tokens, folder).report())
    1 captions of 1 images, 3 ratings
    """
    captions = _read_captions(annotations)
    folder = Path(images_dir)
    if not os.path.isdir(folder):
        raise InputError(
            "The folder of the images must exist",
            "Check the path of the images",
            images_dir=images_dir,
        )
    judged: list[JudgedCaption] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(split_lines(read_text(judgements)), start=1):
        if not line.strip():
            continue
        place = f"{Path(judgements).name}:{number}"
        # Replaces bytes that are not UTF-8, so that a report can be printed.
        cells = line.encode("utf-8", "replace").decode().split("\t")
        name, caption_id = (cell.strip() for cell in (cells + [""])[:2])
        ratings = _parse(cells[2:])
        match = _CAPTION_ID.fullmatch(caption_id)
        if not ratings or match is None or Path(name).name != name:
            problems.append(Problem(MALFORMED, place, f"found {line!r}"))
        elif (name, caption_id) in seen:
            problems.append(Problem(DUPLICATE_CAPTION, place, caption_id))
        elif caption_id not in captions:
            problems.append(Problem(NO_CAPTION, place, caption_id))
        elif not os.path.isfile(folder / name):
            problems.append(Problem(MISSING_IMAGE, name, place))
        else:
            seen.add((name, caption_id))
            is_own = match[1] == name
            judged.append(
                JudgedCaption(folder / name, captions[caption_id], ratings, is_own)
            )
    if not judged:
        counts = Counter(problem.kind for problem in problems)
        raise InputError(
            "Each line of judgements must name an image, a caption and scores",
            "Check that captions, images and judgements are of the same data set; the "
            f"first problem is: {problems[0] if problems else 'the file is empty'}",
            judgements=judgements,
            annotations=annotations,
            images_dir=images_dir,
            problems=dict(counts),
        )
    return JudgementCollection(judged, problems)


def _read_captions(annotations: str | os.PathLike[str]) -> dict[str, str]:
    """Return the captions of a token file by their ids."""
    found = {}
    for line in split_lines(read_text(annotations)):
        caption_id, _, caption = line.partition("\t")
        if find_caption_problem(caption) is None:
            found[caption_id.strip()] = caption.strip()
    return found


def _parse(scores: list[str]) -> tuple[float, ...]:
    """Return scores as numbers; none if one is not a number."""
    try:
        found = tuple(float(score) for score in scores)
    except ValueError:
        return ()
    return found if all(map(math.isfinite, found)) else ()
