"""What every reader does with the captions it finds."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection, Problem
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.errors import InputError


class Gatherer:
    """Collects captions by picture, and everything that is wrong with them.

    Args:
        source: the file being read, for messages.
        on_problem: `"skip"` leaves troubled entries out and counts them, `"error"`
            raises at the first.

    Raises:
        InputError: another `on_problem`.
    """

    def __init__(self, source: str | Path, on_problem: str = "skip"):
        if on_problem not in ("skip", "error"):
            raise InputError(
                "on_problem must be 'skip' or 'error'",
                "Choose one of them",
                on_problem=on_problem,
            )
        self.source, self.on_problem = Path(source), on_problem
        self.problems: list[Problem] = []
        self._captions: dict[str, list[str]] = {}

    def problem(self, kind: str, name: str, detail: str = "") -> None:
        """Count a problem, or raise it."""
        if self.on_problem == "error":
            raise InputError(
                f"The captions must be whole; found: {kind}",
                "Mend the file, or read it with on_problem='skip'",
                file=str(self.source),
                name=name,
                detail=detail,
            )
        self.problems.append(Problem(kind, name, detail))

    def add_image(self, name: str) -> None:
        """Know of a picture; a second time is a problem."""
        if name in self._captions:
            self.problem("duplicate id", name)
        self._captions.setdefault(name, [])

    def add_caption(self, name: str, caption: str, key: str = "") -> None:
        """Add a caption; an empty or repeated one is a problem."""
        caption = caption.strip()
        known = self._captions.setdefault(name, [])
        if not caption:
            self.problem("empty caption", key or name)
        elif caption in known:
            self.problem("duplicate caption", key or name, caption)
        else:
            known.append(caption)

    def names(self) -> list[str]:
        """Pictures met so far, in order."""
        return list(self._captions)

    def collect(
        self, images_dir: str | Path, wanted: Iterable[str] | None = None
    ) -> CaptionCollection:
        """The pictures with captions and a file, in the order they were met.

        Args:
            images_dir: the folder that names are relative to.
            wanted: names of a split, in its order; others are left out silently.

        Raises:
            InputError: the folder does not exist, or nothing is left.
        """
        folder = Path(images_dir)
        if not folder.is_dir():
            raise InputError(
                "The folder of images must exist", "Check the path", images=str(folder)
            )
        names = list(self._captions) if wanted is None else list(wanted)
        examples = []
        for name in names:
            if not self._captions.get(name):
                self.problem("image without captions", name)
            elif not (folder / name).is_file():
                self.problem("missing image", name, str(folder / name))
            else:
                captions = tuple(self._captions[name])
                examples.append(CaptionedImage(name, captions, folder / name))
        if wanted is None:
            # Only readers of whole folders can tell that a picture is unmentioned.
            for path in sorted(folder.iterdir()):
                if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                    relative = path.name
                    if relative not in self._captions and not self._nested():
                        self.problem("image without captions", relative)
        collection = CaptionCollection(examples, self.problems)
        if not examples:
            raise InputError(
                "At least one picture must have a caption and a file",
                f"Check that file and folder belong together: {collection.report()}",
                annotations=str(self.source),
                images=str(folder),
            )
        return collection

    def _nested(self) -> bool:
        return any("/" in name for name in self._captions)


def read_lines(gatherer: Gatherer) -> Iterable[tuple[int, str]]:
    """Numbered lines of the gatherer's file; one that is not UTF-8 is a problem."""
    try:
        content = gatherer.source.read_bytes()
    except OSError as error:
        raise _unreadable(gatherer.source, error) from error
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            gatherer.problem("non-UTF-8 text", f"line {number}", str(error))
            continue
        if text.strip():
            yield number, text


def read_json(path: str | Path) -> Any:
    """A JSON file.

    Raises:
        InputError: it cannot be read or is not JSON.
    """
    try:
        return json.loads(Path(path).read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def read_image_list(path: str | Path) -> list[str]:
    """Names of pictures, one a line.

    Raises:
        InputError: it cannot be read, or names nothing.
    """
    try:
        names = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    names = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not names:
        raise InputError(
            "A list of images must name some", "Check the file", file=str(path)
        )
    return names


def _unreadable(path: str | Path, error: Exception) -> InputError:
    return InputError(
        "The file must exist and be readable as it is named",
        f"Check the path and the format; reading it failed with: {error}",
        file=str(path),
    )
