"""The collector that all readers share: it joins images and captions."""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable, Sequence
from pathlib import Path
from typing import Any

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.data.readers.caption_checks import (
    DUPLICATE_CAPTION,
    DUPLICATE_IMAGE,
    EMPTY_CAPTION,
    MALFORMED,
    MISSING_IMAGE,
    NO_CAPTIONS,
    NOT_UTF8,
    REJECTED_CAPTION,
    check_collection,
    check_on_problem,
    find_caption_problem,
    is_inside,
    is_utf8,
)
from keras_imgdesc.data.readers.caption_lists import captions_in
from keras_imgdesc.data.readers.paths import check_path
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES


class CaptionCollector:
    """Collect images and captions in the order met, and the problems with them.

    Args:
        annotations: path of the file that is read, for messages.
        images_dir: folder of the images; None to collect captions alone, without
            looking for images.
        on_problem: `"skip"` omits entries with a problem; `"error"` raises at the end,
            when all problems are known.
        keep_rejected: whether to keep captions that the data mark as not to be used.

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
        keep_rejected: bool = False,
    ) -> None:
        check_on_problem(on_problem)
        check_path(annotations=annotations)
        self.annotations = Path(annotations)
        if images_dir is not None:
            check_path(images_dir=images_dir)
        self.images_dir = None if images_dir is None else Path(images_dir)
        self.on_problem = on_problem
        self.keep_rejected = keep_rejected
        self.file_names: set[str] = set()
        if self.images_dir is not None:
            if not os.path.isdir(self.images_dir):
                raise InputError(
                    "The folder of the images must exist",
                    "Check the path in `images_dir`",
                    images_dir=self.images_dir,
                )
            # Listing the folder once is faster than a look-up per image.
            try:
                with os.scandir(self.images_dir) as entries:
                    self.file_names = {e.name for e in entries if e.is_file()}
            except OSError as error:
                raise InputError(
                    f"The folder of the images cannot be read: {error.strerror}",
                    "Check the permissions of the folder",
                    images_dir=self.images_dir,
                ) from error
        self.problems: list[Problem] = []
        self._names: dict[str, str] = {}
        self._captions: dict[str, list[str]] = {}
        self._extras: dict[str, dict[str, Any]] = {}
        self._seen: set[tuple[str, str, Hashable]] = set()

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._names

    def add_problem(self, kind: str, name: str, detail: str = "") -> None:
        """Record a problem.

        Args:
            kind: one of the kinds in `caption_checks`, or a similar constant.
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
        if not is_inside(name):
            self.add_problem(MALFORMED, image_id or "''", f"not a file name: {name!r}")
            return False
        self._names[image_id] = name
        self._captions[image_id] = []
        self._extras[image_id] = extra or {}
        return True

    def add_extra(self, image_id: str, extra: dict[str, Any] | None) -> None:
        """Add facts to an image that was added before; known ones are kept."""
        if extra:
            self._extras[image_id] = extra | self._extras[image_id]

    def add_caption(
        self,
        image_id: str,
        caption: object,
        place: str,
        caption_id: Hashable = None,
        mark: str | None = None,
    ) -> None:
        """Add a caption to an image that was added before.

        A caption is a duplicate if its image has the same text already, under the same
        id. Two people may describe an image in the same words, so equal texts with
        different ids are kept; one id with different texts is no duplicate either.

        Args:
            image_id: id of the image.
            caption: the text; surrounding white space is removed.
            place: name of the caption in a problem, as from `place`.
            caption_id: what tells captions of one image apart, such as their number;
                None if the data have no such thing.
            mark: name of the mark by which the data say not to use the caption.
        """
        kind = find_caption_problem(caption)
        text = caption.strip() if isinstance(caption, str) else ""
        key = (image_id, text, caption_id)
        if kind is None and mark is not None and not self.keep_rejected:
            self.add_problem(REJECTED_CAPTION, place, f"{mark}, caption of {image_id}")
            return
        if kind is None and key in self._seen:
            kind = DUPLICATE_CAPTION
        if kind is not None:
            self.add_problem(kind, place, f"caption of {image_id}")
            return
        self._captions[image_id].append(text)
        self._seen.add(key)

    def add_captions(
        self,
        image_id: str,
        fields: Sequence[object],
        place: str,
        number: Hashable = None,
        mark: str | None = None,
    ) -> None:
        """Add the captions of a row or record, whose fields may be lists of captions.

        Captions in one list, or in several columns, are of different people: equal
        ones are kept.

        Args:
            image_id: id of the image, which was added before.
            fields: what the row has for captions; empty ones beside others are ignored.
            place: name of the row in a problem, as from `place`.
            number: number of the caption, if the row has one.
            mark: name of the mark by which the row says not to use its captions.
        """
        filled = [field for field in fields if field not in ("", None)]
        is_alone = len(fields) == 1
        for position, field in enumerate(filled or fields[:1]):
            captions = captions_in(field)
            if captions is None:
                detail = f"a damaged list, captions of {image_id}"
                self.add_problem(MALFORMED, place, detail)
                continue
            if not captions:
                self.add_problem(EMPTY_CAPTION, place, f"an empty list of {image_id}")
            is_single = is_alone and captions == [field]
            for index, caption in enumerate(captions):
                caption_id = number if is_single else (number, position, index)
                self.add_caption(image_id, caption, place, caption_id, mark)

    def add_folder(self, others: Collection[str] = ()) -> None:
        """Record the images of the folder that have no captions as problems.

        Args:
            others: names of images that have captions which are not read.
        """
        known = {*self._names.values(), *others}
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
            "/" in name and is_inside(name) and os.path.isfile(self.images_dir / name)
        )
