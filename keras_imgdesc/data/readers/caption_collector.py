"""What all readers share: pictures meet their captions, and problems are noted."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path, PurePosixPath
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES

MISSING_IMAGE = "missing image"
NO_CAPTIONS = "image without captions"
NO_IMAGE = "caption without image"
DUPLICATE_IMAGE = "duplicate image"
DUPLICATE_CAPTION = "duplicate caption"
EMPTY_CAPTION = "empty caption"
NOT_UTF8 = "not UTF-8"
MALFORMED = "malformed entry"


class CaptionCollector:
    """Collects pictures and captions in the order met, and what is wrong with them.

    Args:
        annotations: the file that is read, for messages.
        images_dir: the folder of the pictures.
        on_problem: `"skip"` leaves out whatever has a problem; `"error"` refuses
            the whole when all has been read.

    Raises:
        InputError: there is no such folder, or `on_problem` is neither.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data.readers.caption_collector import CaptionCollector
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     collector = CaptionCollector("captions.txt", folder)
    ...     for name in ("a.jpg", "b.jpg"):
    ...         if collector.add_image(name, name):
    ...             collector.add_caption(name, "A dog .", name)
    ...     print(collector.finish().report())
    1 pictures with 1 captions
    1 x missing image: b.jpg
    """

    def __init__(
        self,
        annotations: str | os.PathLike[str],
        images_dir: str | os.PathLike[str],
        on_problem: str = "skip",
    ) -> None:
        if on_problem not in ("skip", "error"):
            raise InputError(
                "`on_problem` must be 'skip' or 'error'",
                "'skip' leaves out what has a problem and reports it",
                on_problem=on_problem,
            )
        self.annotations = Path(annotations)
        self.images_dir = Path(images_dir)
        self.on_problem = on_problem
        if not self.images_dir.is_dir():
            raise InputError(
                "There is no such folder of pictures",
                "Check `images_dir`",
                images_dir=self.images_dir,
            )
        # One listing instead of a question to the disk for each picture.
        with os.scandir(self.images_dir) as entries:
            self.file_names = {entry.name for entry in entries if entry.is_file()}
        self.problems: list[Problem] = []
        self._names: dict[str, str] = {}
        self._captions: dict[str, list[str]] = {}
        self._extras: dict[str, dict[str, Any]] = {}
        self._seen: set[Hashable] = set()

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._names

    def add_problem(self, kind: str, name: str, detail: str = "") -> None:
        """Notes a problem; `name` is a file, an id, or `place(line)`."""
        # Bytes that are no UTF-8 are shown as such: a report can be printed.
        name, detail = (t.encode("utf-8", "replace").decode() for t in (name, detail))
        self.problems.append(Problem(kind, name, detail))

    def place(self, entry: int | str) -> str:
        """Names a line or an entry of the annotations."""
        return f"{self.annotations.name}:{entry}"

    def add_image(
        self, image_id: str, name: str, extra: dict[str, Any] | None = None
    ) -> bool:
        """Takes a picture in.

        Args:
            image_id: under which its captions come.
            name: its file, relative to the folder of the pictures.
            extra: kept with the example.

        Returns:
            Whether it was taken: a repeated id and a name that leads out of the
            folder are problems.
        """
        if image_id in self._names:
            self.add_problem(DUPLICATE_IMAGE, image_id)
            return False
        if not is_utf8(image_id) or not is_utf8(name):
            self.add_problem(NOT_UTF8, image_id, "the name of a picture")
            return False
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or ".." in parts or "\0" in name:
            self.add_problem(MALFORMED, image_id or "''", f"no file name: {name!r}")
            return False
        self._names[image_id] = name
        self._captions[image_id] = []
        self._extras[image_id] = extra or {}
        return True

    def add_caption(
        self,
        image_id: str,
        caption: object,
        place: str,
        caption_id: Hashable = None,
    ) -> None:
        """Adds a caption to a picture that was taken in.

        Args:
            image_id: the picture's.
            caption: the text, blanks around it left out.
            place: names the caption in a problem.
            caption_id: of which there may be one only; `None` where captions have
                no ids.
        """
        kind = find_caption_problem(caption)
        if kind is None and caption_id is not None and caption_id in self._seen:
            kind = DUPLICATE_CAPTION
        if kind is not None:
            self.add_problem(kind, place, f"of {image_id}")
            return
        self._captions[image_id].append(str(caption).strip())
        if caption_id is not None:
            self._seen.add(caption_id)

    def add_folder(self) -> None:
        """Notes the pictures in the folder that nothing was said of."""
        known = set(self._names.values())
        for name in sorted(self.file_names - known):
            if not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES):
                self.add_problem(NO_CAPTIONS, name, "in the folder only")

    def finish(self) -> CaptionCollection:
        """Looks up the files.

        Returns:
            The pictures that have a file and a caption, in the order taken in.

        Raises:
            InputError: there was a problem and `on_problem` is `"error"`, or no
                picture is left.
        """
        examples = []
        for image_id, name in self._names.items():
            captions = tuple(self._captions[image_id])
            if not self.has_file(name):
                detail = f"{len(captions)} captions, not in {self.images_dir}"
                self.add_problem(MISSING_IMAGE, image_id, detail)
            elif not captions:
                self.add_problem(NO_CAPTIONS, image_id)
            else:
                examples.append(
                    CaptionedImage(
                        image_id,
                        self.images_dir / name,
                        captions,
                        extra=self._extras[image_id],
                    )
                )
        collection = CaptionCollection(examples, self.problems)
        return check_collection(
            collection,
            self.on_problem,
            annotations=self.annotations,
            images_dir=self.images_dir,
        )

    def has_file(self, name: str) -> bool:
        """Whether the folder, or a folder in it as `name` says, has the file."""
        return name in self.file_names or (
            "/" in name and os.path.isfile(self.images_dir / name)
        )


def is_utf8(text: str) -> bool:
    """Whether a text decoded with `surrogateescape` was UTF-8 in the file."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def find_caption_problem(caption: object) -> str | None:
    """What kind of problem a caption has by itself, or `None`."""
    if not isinstance(caption, str):
        return MALFORMED
    if not is_utf8(caption):
        return NOT_UTF8
    if not any(character.isalnum() for character in caption):
        return EMPTY_CAPTION
    return None


def check_collection(
    collection: CaptionCollection, on_problem: str, **received: object
) -> CaptionCollection:
    """Refuses a collection with problems if asked to, and an empty one always."""
    if collection.problems and on_problem == "error":
        raise InputError(
            "Each picture must have a file and proper captions, and each caption a "
            f"picture, with `on_problem='error'` (first problem: "
            f"{collection.problems[0]})",
            "Mend the data, or leave out what has a problem with `on_problem='skip'`",
            problems=collection.problem_counts(),
            **received,
        )
    if not len(collection):
        problems = collection.problem_counts()
        first = f" (first problem: {collection.problems[0]})" if problems else ""
        raise InputError(
            f"No picture has both a file and a caption{first}",
            "Check that the annotations belong to these pictures",
            problems=problems,
            **received,
        )
    return collection
