"""The collector that all readers share: it joins images and captions."""

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
    """Collect images and captions in the order met, and the problems with them.

    Args:
        annotations: path of the file that is read, for messages.
        images_dir: folder of the images; None to collect captions alone, without
            looking for images.
        on_problem: `"skip"` omits entries with a problem; `"error"` raises at the end,
            when all problems are known.

    Raises:
        InputError: the folder does not exist, or `on_problem` is unknown.

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
    1 image with 1 caption
    1 x missing image: b.jpg
    """

    def __init__(
        self,
        annotations: str | os.PathLike[str],
        images_dir: str | os.PathLike[str] | None,
        on_problem: str = "skip",
    ) -> None:
        if on_problem not in ("skip", "error"):
            raise InputError(
                "`on_problem` must be 'skip' or 'error'",
                "Use 'skip' to omit and report entries with a problem, or 'error' to "
                "raise",
                on_problem=on_problem,
            )
        self.annotations = Path(annotations)
        self.images_dir = None if images_dir is None else Path(images_dir)
        self.on_problem = on_problem
        self.file_names: set[str] = set()
        if self.images_dir is not None:
            if not self.images_dir.is_dir():
                raise InputError(
                    "The folder of the images must exist",
                    "Check the path in `images_dir`",
                    images_dir=self.images_dir,
                )
            # Listing the folder once is faster than a look-up per image.
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
        """Record a problem.

        Args:
            kind: one of the kinds above, or a similar constant.
            name: the file, id or `place` concerned.
            detail: what was found there.
        """
        # Replaces bytes that are not UTF-8, so that a report can be printed.
        name, detail = (t.encode("utf-8", "replace").decode() for t in (name, detail))
        self.problems.append(Problem(kind, name, detail))

    def place(self, entry: int | str) -> str:
        """Return the name of a line or an entry of the annotations."""
        return f"{self.annotations.name}:{entry}"

    def add_image(
        self, image_id: str, name: str, extra: dict[str, Any] | None = None
    ) -> bool:
        """Add an image.

        Args:
            image_id: id by which captions refer to the image.
            name: path of its file, relative to the folder of the images.
            extra: further facts, kept with the example.

        Returns:
            Whether it was added. A repeated id and a name that leads out of the folder
            are recorded as problems instead.
        """
        if image_id in self._names:
            self.add_problem(DUPLICATE_IMAGE, image_id)
            return False
        if not is_utf8(image_id) or not is_utf8(name):
            self.add_problem(NOT_UTF8, image_id, "the name of an image")
            return False
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or ".." in parts or "\0" in name:
            self.add_problem(MALFORMED, image_id or "''", f"not a file name: {name!r}")
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
        """Add a caption to an image that was added before.

        Args:
            image_id: id of the image.
            caption: the text; surrounding white space is removed.
            place: name of the caption in a problem, as from `place`.
            caption_id: unique id of the caption; None if captions have no ids.
        """
        kind = find_caption_problem(caption)
        if kind is None and caption_id is not None and caption_id in self._seen:
            kind = DUPLICATE_CAPTION
        if kind is not None:
            self.add_problem(kind, place, f"caption of {image_id}")
            return
        self._captions[image_id].append(str(caption).strip())
        if caption_id is not None:
            self._seen.add(caption_id)

    def add_folder(self) -> None:
        """Record the images of the folder that have no captions as problems."""
        known = set(self._names.values())
        for name in sorted(self.file_names - known):
            if not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES):
                self.add_problem(NO_CAPTIONS, name, "in the folder only")

    def finish(self) -> CaptionCollection:
        """Check that the files exist and return the collection.

        Returns:
            The images that have a file and a caption, in the order added. Without a
            folder, `path` is the bare name of the file.

        Raises:
            InputError: there was a problem and `on_problem` is `"error"`, or no image
                remains.
        """
        examples = []
        for image_id, name in self._names.items():
            captions = tuple(self._captions[image_id])
            if not self.has_file(name):
                detail = f"not in {self.images_dir}, captions: {len(captions)}"
                self.add_problem(MISSING_IMAGE, image_id, detail)
            elif not captions:
                self.add_problem(NO_CAPTIONS, image_id)
            else:
                examples.append(
                    CaptionedImage(
                        image_id,
                        Path(self.images_dir or "", name),
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
        """Return whether a file is in the folder; `name` may contain subfolders.

        If `images_dir` is None, every file is assumed to exist.
        """
        if self.images_dir is None:
            return True
        return name in self.file_names or (
            "/" in name and os.path.isfile(self.images_dir / name)
        )


def is_utf8(text: str) -> bool:
    """Return whether a text decoded with `surrogateescape` was valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def find_caption_problem(caption: object) -> str | None:
    """Return the kind of problem of a single caption, or None if it is valid."""
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
    """Return a collection, unless it is empty or has problems that must raise.

    Args:
        collection: the collection that was read.
        on_problem: `"skip"` or `"error"`.
        **received: values to show in an error.

    Raises:
        InputError: the collection is empty, or has problems and `on_problem` is
            `"error"`.
    """
    if collection.problems and on_problem == "error":
        raise InputError(
            "With `on_problem='error'`, every image must have a file and valid "
            f"captions, and every caption an image (first problem: "
            f"{collection.problems[0]})",
            "Fix the data, or omit entries with a problem with `on_problem='skip'`",
            problems=collection.problem_counts(),
            **received,
        )
    if not len(collection):
        problems = collection.problem_counts()
        first = f" (first problem: {collection.problems[0]})" if problems else ""
        raise InputError(
            f"No image has both a file and a caption{first}",
            "Check that the annotations belong to the images in this folder",
            problems=problems,
            **received,
        )
    return collection
