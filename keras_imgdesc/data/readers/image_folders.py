"""Readers of folders of images without captions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import find_images, find_labelled_images

# Kind of problem: a file that is not read as an image, see `find_images`.
PASSED_OVER = "passed over"


def read_labelled_folders(folder: str | os.PathLike[str]) -> CaptionCollection:
    """Read images that are sorted into one folder per class.

    Args:
        folder: see `list_labelled_images`.

    Returns:
        The images, sorted by class. The only caption is the name of the class, and
        `extra` has it as `"name"`, and as `"label"` its position among the sorted
        names. Problems are the files that were passed over.

    Raises:
        InputError: see `list_labelled_images`.
    """
    found, passed_over = find_labelled_images(folder)
    labels = {n: k for k, n in enumerate(sorted({name for _, name in found}))}
    return CaptionCollection(
        [
            CaptionedImage(
                path.relative_to(folder).as_posix(),
                path,
                (name,),
                extra={"name": name, "label": labels[name]},
            )
            for path, name in found
        ],
        _problems(passed_over),
    )


def read_unlabelled(
    folders: Sequence[str | os.PathLike[str]],
    image_list: str | os.PathLike[str] | None = None,
) -> CaptionCollection:
    """Read images without labels or captions.

    Args:
        folders: folders of images, see `list_images`.
        image_list: text file with the names of the images to use, one per line; None
            uses all.

    Returns:
        The images, without captions; the id is the path. Problems are the files that
        were passed over.

    Raises:
        InputError: a folder has no images, or there is none with a name of the list.
    """
    images = find_images(folders)
    paths = images.paths
    if image_list is not None:
        lines = [line.strip() for line in split_lines(read_text(image_list))]
        named = {relative_name(line, None) for line in lines if line}
        keys = {path: {path.name, os.path.abspath(path)} for path in paths}
        paths = [path for path in paths if keys[path] & named]
        missing = sorted(named.difference(*(keys[path] for path in paths)))
        if missing:
            raise InputError(
                "The folders must have the images of the list",
                "Check the list and the folders",
                image_list=Path(image_list),
                missing=missing[:3],
                count=len(missing),
            )
    return CaptionCollection(
        [CaptionedImage(str(path), path, ()) for path in paths],
        _problems(images.passed_over),
    )


def _problems(passed_over: list[Path]) -> list[Problem]:
    return [Problem(PASSED_OVER, str(path), "not an image") for path in passed_over]
