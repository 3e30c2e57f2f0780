"""Finding image files by paths, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import FORMATS
from keras_imgdesc.printable import printable

# What lies beside images and is not taken for one: texts, tables, and the files that
# systems and editors add.
_SIDE_SUFFIXES = (
    *(".txt", ".md", ".json", ".jsonl", ".csv", ".tsv", ".html", ".xml", ".yaml"),
    *(".yml", ".xmp", ".aae", ".ini", ".db", ".log"),
)

# Suffixes named in a message; those of strangers may be as many as the files.
_MOST_SUFFIXES = 10


@dataclass(frozen=True)
class FoundImages:
    """The image files that paths, folders and patterns stand for.

    Attributes:
        paths: the images, sorted and without duplicates.
        passed_over: the other files in the folders, sorted. Hidden files, and texts
            and tables such as `.txt` and `.csv`, are not among them.
    """

    paths: list[Path]
    passed_over: list[Path]


def list_images(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[Path]:
    """Find image files.

    Args:
        paths: one or more of: a file, whatever its name; a folder, which stands for
            the files in it and its subfolders that have the suffix of an image and are
            not hidden; a pattern such as `"photos/**/*.jpg"`, which stands for the
            files and folders that match.

    Returns:
        The paths, sorted and without duplicates. `find_images` also returns the files
        of the folders that are not among them.

    Raises:
        InputError: a path does not exist, a pattern matches nothing, or a folder has
            no images.

    Example:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from keras_imgdesc.images import list_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.jpg", "a.PNG", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     print([path.name for path in list_images(folder)])
    ['a.PNG', 'b.jpg']
    """
    return find_images(paths).paths


def find_images(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> FoundImages:
    """Find image files, and the files in the same folders that are passed over.

    An image whose format needs a package that is not installed, such as HEIC, is
    passed over in a folder.

    Args:
        paths: as in `list_images`.

    Raises:
        InputError: as in `list_images`.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: set[Path] = set()
    others: set[Path] = set()
    for given in paths:
        if not isinstance(given, str | os.PathLike):
            raise InputError(
                "A path must be a string or a Path",
                "Pass paths, folders or patterns",
                type=type(given).__name__,
            )
        _find(os.fspath(given), found, others)
    return FoundImages(sorted(found), sorted(others - found))


def say_passed_over(paths: Iterable[Path]) -> str:
    """Return a line that counts files by their suffixes; empty if there are none.

    Args:
        paths: the files that were passed over.

    Example:

    >>> from pathlib import Path
    >>> from keras_imgdesc.images.listing import say_passed_over
    >>> say_passed_over([Path("a.mov"), Path("b.MOV"), Path("c")])
    '3 files passed over: 2 .mov, 1 without a suffix.'
    """
    counts = Counter(path.suffix.lower() for path in paths)
    total = sum(counts.values())
    if not total:
        return ""
    listed = [
        f"{count} {printable(suffix) or 'without a suffix'}"
        for suffix, count in counts.most_common(_MOST_SUFFIXES)
    ]
    others = total - sum(count for _, count in counts.most_common(_MOST_SUFFIXES))
    listed += [f"{others} more"] if others else []
    files = "1 file" if total == 1 else f"{total} files"
    kinds = ", ".join(listed) if len(listed) > 1 else listed[0].partition(" ")[2]
    remedies = [
        f" To read {kind.name} files, run `pip install {kind.package}`."
        for kind in FORMATS
        if not kind.is_installed() and counts.keys() & set(kind.suffixes)
    ]
    return f"{files} passed over: {kinds}.{''.join(remedies)}"


def _find(given: str, found: set[Path], others: set[Path]) -> None:
    """Add the images, and the other files of folders, that a path stands for."""
    if not given:  # an unset shell variable does not mean the current folder
        raise InputError(
            "A path must not be empty", "Use '.' for the current folder", path=given
        )
    path = Path(given)
    # A file may have a name like "[1].jpg", so the name comes before the pattern.
    # `Path.is_dir` and `Path.exists` raise for a name that is too long.
    if os.path.isdir(path):
        files, passed_over = _files_in(path)
        others.update(passed_over)
        if not files:
            received = {"passed_over": say_passed_over(passed_over)}
            raise InputError(
                "The folder must have images in it",
                f"Use a folder with files that end in {', '.join(_readable())}",
                path=given,
                **(received if passed_over else {}),
            )
        found.update(files)
        return
    if os.path.exists(path):
        found.add(path)
        return
    if not glob.has_magic(given):
        raise InputError(
            "There is no such file or folder", "Check the path", path=given
        )
    matched = False
    # No name of a file has a zero, and `glob` raises for it.
    matches = [] if "\0" in given else glob.glob(given, recursive=True)
    for match in map(Path, matches):
        files, passed_over = _files_in(match) if match.is_dir() else ([match], [])
        matched = matched or bool(files)
        found.update(files)
        others.update(passed_over)
    if not matched:
        raise InputError(
            "The pattern must match an image", "Check the pattern", path=given
        )


def _readable() -> list[str]:
    return [s for kind in FORMATS if kind.is_installed() for s in kind.suffixes]


def _files_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the images in a folder, and the other files."""
    suffixes = tuple(_readable())
    images, others = [], []
    for parent, _, names in os.walk(folder):
        # Hidden: the "._a.jpg" files of macOS, thumbnails, checkpoints.
        if any(p.startswith(".") for p in Path(parent).relative_to(folder).parts):
            continue
        for name in names:
            lower = name.lower()
            if lower.startswith("."):
                continue
            if lower.endswith(suffixes):
                images.append(Path(parent, name))
            elif not lower.endswith(_SIDE_SUFFIXES):
                others.append(Path(parent, name))
    return images, others
