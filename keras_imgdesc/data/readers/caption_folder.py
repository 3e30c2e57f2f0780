"""A reader of folders with a text file beside each image."""

from __future__ import annotations

import os
from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import (
    EMPTY_CAPTION,
    MALFORMED,
    NO_IMAGE,
)
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.image_lists import ImageChoice
from keras_imgdesc.data.readers.paths import check_path
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES

TEXT_SUFFIXES = (".txt", ".caption")


def read_caption_folder(
    folder: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read `a.txt` beside `a.jpg`, with one caption per line.

    The text file may also be named `a.caption` or `a.jpg.txt`. Subfolders are read too.

    Args:
        folder: folder of the text files.
        images_dir: folder of the images, usually the same; with subfolders if the texts
            are in subfolders. None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line,
            relative to `images_dir`; None reads all.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.

    Returns:
        The images in the order of the list, or sorted by name if there is no list; the
        id is the path relative to `images_dir`.

    Raises:
        InputError: a folder does not exist, no image remains, or there is a problem and
            `on_problem` is `"error"`.

    Example:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_caption_folder
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     written = Path(folder, "a.txt").write_text("A dog .\\nIt runs .\\n")
    ...     print(read_caption_folder(folder, folder)[0].captions)
    ('A dog .', 'It runs .')
    """
    check_path(folder=folder)
    if not os.path.isdir(folder):
        raise InputError(
            "The folder of the captions must exist", "Check the path", folder=folder
        )
    collector = CaptionCollector(folder, images_dir, on_problem)
    choice = ImageChoice(collector, image_list)
    texts = _files(folder, TEXT_SUFFIXES)
    images = _files(folder if images_dir is None else images_dir, IMAGE_SUFFIXES)
    described: dict[str, list[str]] = {}
    for name in images:
        described.setdefault(name, []).append(name)
        described.setdefault(os.path.splitext(name)[0], []).append(name)
    found: dict[str, list[str]] = {}
    for text in texts:
        key = os.path.splitext(text)[0]
        names = described.get(key, [key] if images_dir is None else [])
        if not names:
            collector.add_problem(NO_IMAGE, text, "no image of that name")
        for name in names:
            found.setdefault(name, []).append(text)
    for name in images if images_dir is not None and image_list is None else ():
        choice.take(name)
    for name in sorted(found):
        if choice.take(name):
            for text in found[name]:
                _add(collector, name, text)
    return collector.finish()


def _add(collector: CaptionCollector, name: str, text: str) -> None:
    try:
        lines = split_lines(read_text(collector.annotations / text))
    except InputError as error:
        collector.add_problem(MALFORMED, text, str(error))
        return
    if not any(line.strip() for line in lines):
        collector.add_problem(EMPTY_CAPTION, text, f"caption of {name}")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            collector.add_caption(name, line, f"{text}:{number}")


def _files(folder: str | os.PathLike[str], suffixes: tuple[str, ...]) -> list[str]:
    """Return the relative paths of the files with a suffix, sorted, none hidden."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = Path(parent).relative_to(folder)
        found += [
            (inner / name).as_posix()
            for name in names
            if not name.startswith(".") and name.lower().endswith(suffixes)
        ]
    return sorted(found)
